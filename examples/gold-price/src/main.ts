/**
 * Fetches the price of gold and stores it, once. Environment: MYSQL_ADDRESS (`host:port`), MYSQL_DATABASE, MYSQL_USER,
 * MYSQL_PASSWORD, API_KEY, API_URL (CurrencyLayer's).
 */
import { createConnection } from "mysql2/promise";
import { fetchRate } from "./rate.ts";

const TABLE = `CREATE TABLE IF NOT EXISTS GoldPrices (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  timestamp TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  price FLOAT(7,6) NOT NULL
)`;

function environment(name: string, otherwise?: string): string {
  const value = process.env[name] ?? otherwise;
  if (value === undefined || value === "") throw new Error(`${name} is not set`);
  return value;
}

async function insertPrice(): Promise<void> {
  const [host, port = "3306"] = environment("MYSQL_ADDRESS").split(":");
  const price = await fetchRate({
    url: environment("API_URL", "http://apilayer.net/api/live"),
    accessKey: environment("API_KEY"),
    fetch,
  });
  const connection = await createConnection({
    host,
    port: Number(port),
    database: environment("MYSQL_DATABASE"),
    user: environment("MYSQL_USER"),
    password: environment("MYSQL_PASSWORD"),
  });
  await connection.execute(TABLE);
  await connection.execute("INSERT INTO GoldPrices(price) VALUES(?)", [price]);
  await connection.end();
  console.log(`Successfully inserted the price: ${price}`);
}

insertPrice().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
