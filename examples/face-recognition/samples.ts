import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { samplePictures } from "./bundle.ts";

/** A sample picture and what recognition must say of it. */
interface Sample {
  /** The file's name. */
  readonly name: string;
  /** The person's name, or the outcome in the table. */
  readonly expected: string;
}

/** A face in one of the library's pictures, as shares of its width and height. */
interface Place {
  readonly picture: string;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Two pictures of one woman; the first is known, the second is to be recognised. */
const HANNIBAL: Place = { picture: "sample1.jpg", left: 0.7, top: 0, width: 0.26, height: 0.42 };
const HANNIBAL_ELSEWHERE: Place = { picture: "sample4.jpg", left: 0.61, top: 0, width: 0.2, height: 0.4 };
const GERGELY: Place = { picture: "sample3.jpg", left: 0.23, top: 0.12, width: 0.25, height: 0.46 };
const JOHN: Place = { picture: "sample6.jpg", left: 0.55, top: 0.08, width: 0.23, height: 0.4 };
const STRANGER: Place = { picture: "sample5.jpg", left: 0.36, top: 0, width: 0.18, height: 0.32 };

/** What differs between the known picture and the one to be recognised, where there is only one photograph. */
const CHANGES: Readonly<Record<string, (picture: Sharp) => Sharp>> = {
  mirrored: (picture) => picture.flop().modulate({ brightness: 0.85 }),
  tilted: (picture) => picture.rotate(7, { background: "#777" }).modulate({ saturation: 0.6 }),
  small: (picture) => picture.resize({ width: 240 }).jpeg({ quality: 60 }),
};

/** The samples to be recognised. */
export const UNKNOWN: readonly Sample[] = [
  { name: "unknown0001.jpg", expected: "Hannibal" },
  { name: "unknown0002.jpg", expected: "Gergely" },
  { name: "unknown0003.jpg", expected: "John Doe" },
  { name: "unknown0004.jpg", expected: "Hannibal" },
  { name: "unknown0005.jpg", expected: "unknown-person" },
  { name: "unknown0006.jpg", expected: "several-faces" },
  { name: "unknown0007.jpg", expected: "no-face" },
  { name: "unknown0008.jpg", expected: "broken-image" },
];

/**
 * Writes the known pictures to `known` and the ones to be recognised to `unknown`: cut from the photographs that come with
 * the face library, so that the repository needs no pictures. The names are the documents' and not those of the people.
 */
export async function writeSamples(known: string, unknown: string): Promise<void> {
  mkdirSync(known, { recursive: true });
  mkdirSync(unknown, { recursive: true });
  const { mirrored = same, tilted = same, small = same } = CHANGES;
  const pictures: readonly (readonly [file: string, bytes: Promise<Buffer>])[] = [
    [join(known, "hannibal_1.jpg"), cut(HANNIBAL)],
    [join(known, "hannibal_2.jpg"), cut(HANNIBAL, mirrored)],
    [join(known, "gergely_1.jpg"), cut(GERGELY)],
    [join(known, "john_doe.jpg"), cut(JOHN)],
    [join(unknown, "unknown0001.jpg"), cut(HANNIBAL_ELSEWHERE)],
    [join(unknown, "unknown0002.jpg"), cut(GERGELY, mirrored)],
    [join(unknown, "unknown0003.jpg"), cut(JOHN, tilted)],
    [join(unknown, "unknown0004.jpg"), cut(HANNIBAL, small)],
    [join(unknown, "unknown0005.jpg"), cut(STRANGER)],
    [join(unknown, "unknown0006.jpg"), whole("sample3.jpg")],
    [join(unknown, "unknown0007.jpg"), landscape()],
    [join(unknown, "unknown0008.jpg"), cut(STRANGER).then((bytes) => bytes.subarray(0, bytes.length / 3))],
  ];
  for (const [file, bytes] of pictures) writeFileSync(file, await bytes);
}

const same = (picture: Sharp): Sharp => picture;

async function cut({ picture, left, top, width, height }: Place, change = same): Promise<Buffer> {
  const file = join(samplePictures(), picture);
  const { width: allWidth, height: allHeight } = await sharp(file).metadata();
  const box = {
    left: Math.round(left * allWidth),
    top: Math.round(top * allHeight),
    width: Math.round(width * allWidth),
    height: Math.round(height * allHeight),
  };
  const bytes = await sharp(file).extract(box).toBuffer();
  return change(sharp(bytes)).jpeg({ quality: 90 }).toBuffer();
}

function whole(picture: string): Promise<Buffer> {
  return sharp(join(samplePictures(), picture)).resize({ width: 1024 }).jpeg().toBuffer();
}

/** Sky, a hill and the sun: nobody there. */
function landscape(): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480"><defs><linearGradient id="sky" x2="0" y2="1">
    <stop stop-color="#7db4e6"/><stop offset="1" stop-color="#fbe3b5"/></linearGradient></defs>
    <rect width="640" height="480" fill="url(#sky)"/><circle cx="480" cy="140" r="45" fill="#fff3c4"/>
    <path d="M0 360 Q160 240 330 350 T640 320 V480 H0Z" fill="#5d8a55"/><path d="M0 420 Q220 330 640 430 V480 H0Z" fill="#3f6b41"/></svg>`;
  return sharp(Buffer.from(svg)).jpeg().toBuffer();
}
