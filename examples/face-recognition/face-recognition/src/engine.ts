import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { setBackend, tensor3d } from "@tensorflow/tfjs-core";
import { detectAllFaces, nets, SsdMobilenetv1Options } from "@vladmandic/face-api/dist/face-api.esm-nobundle.js";
import sharp from "sharp";
import type { Face } from "./matching.ts";

/** Larger pictures are made smaller before faces are looked for; the networks see no more anyway. */
const SIDE_MAX = 1024;

/** A picture with more pixels is refused: decoding it would take too much memory. */
const PIXELS_MAX = 50_000_000;

/** How sure the network must be that it sees a face. */
const MIN_CONFIDENCE = 0.5;

/** Where the networks' weights and the WebAssembly programs are. */
export interface EngineFiles {
  readonly models: string;
  readonly wasm: string;
}

/** A file that is no picture. */
export class BrokenImage extends Error {}

/** How long the steps of one picture took, in milliseconds. */
export interface Timing {
  readonly decode: number;
  readonly describe: number;
}

/** Loads the three networks: one finds faces, one their features, one describes them. Takes about a second. */
export async function startEngine({ models, wasm }: EngineFiles): Promise<void> {
  setWasmPaths(wasm.endsWith("/") ? wasm : `${wasm}/`);
  // Several pictures at one time are the workers' part.
  setThreadsCount(1);
  if (!(await setBackend("wasm"))) throw new Error("WebAssembly cannot be used");
  await Promise.all([nets.ssdMobilenetv1, nets.faceLandmark68Net, nets.faceRecognitionNet].map((net) => net.loadFromDisk(models)));
}

/** The faces in a picture. Errors: rejects with {@link BrokenImage} for bytes that are no whole picture. */
export async function describeFaces(bytes: Uint8Array): Promise<{ readonly faces: Face[]; readonly timing: Timing }> {
  const started = performance.now();
  const { data, width, height } = await decode(bytes);
  const decoded = performance.now();
  const tensor = tensor3d(new Int32Array(data), [height, width, 3], "int32");
  try {
    const found = await detectAllFaces(tensor as never, new SsdMobilenetv1Options({ minConfidence: MIN_CONFIDENCE }))
      .withFaceLandmarks()
      .withFaceDescriptors();
    const faces = found.map(({ descriptor, detection }) => ({ vector: descriptor, area: detection.box.area }));
    return { faces, timing: { decode: decoded - started, describe: performance.now() - decoded } };
  } finally {
    tensor.dispose();
  }
}

async function decode(bytes: Uint8Array): Promise<{ data: Buffer; width: number; height: number }> {
  try {
    const { data, info } = await sharp(bytes, { limitInputPixels: PIXELS_MAX })
      // As the camera was held.
      .rotate()
      .resize({ width: SIDE_MAX, height: SIDE_MAX, fit: "inside", withoutEnlargement: true })
      .flatten({ background: "white" })
      .toColourspace("srgb")
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height };
  } catch (error) {
    throw new BrokenImage(error instanceof Error ? error.message : String(error));
  }
}
