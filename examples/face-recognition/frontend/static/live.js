// Keeps the table up to date. The server sends whole rows; this puts them where they belong.
const ROWS_MAX = 200;
const table = document.querySelector("#images");
const body = table.tBodies[0];
const live = document.querySelector("#live");
const { filterStatus, filterPerson } = table.dataset;

function place({ id, html }) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const row = template.content.querySelector("tr");
  const old = document.getElementById(`image-${id}`);
  const shown =
    (filterStatus === "" || row.dataset.status === filterStatus) && (filterPerson === "" || row.dataset.person === filterPerson);
  if (!shown) return old?.remove();
  row.classList.add("changed");
  if (old) {
    // The picture stays, so that it does not flicker.
    const [picture, kept] = [row.cells[1], old.cells[1]];
    picture.replaceWith(kept);
    old.replaceWith(row);
  } else {
    const below = [...body.rows].find((each) => Number(each.id.slice(6)) < id);
    if (below || body.rows.length < ROWS_MAX) body.insertBefore(row, below ?? null);
    while (body.rows.length > ROWS_MAX) body.rows[body.rows.length - 1].remove();
  }
}

const events = new EventSource("/events");
events.addEventListener("open", () => (live.textContent = "Live"));
events.addEventListener("error", () => (live.textContent = "Reconnecting…"));
events.addEventListener("change", ({ data }) => {
  const { rows, counts } = JSON.parse(data);
  for (const row of rows) place(row);
  for (const [status, count] of Object.entries(counts)) document.querySelector(`[data-count="${status}"]`).textContent = count;
  document.querySelector("#empty").hidden = body.rows.length > 0;
});
