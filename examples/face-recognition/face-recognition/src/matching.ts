/** A face as a point in 128 dimensions; faces of one person are near each other. */
type FaceVector = Float32Array;

/** A face that was found in a picture. */
export interface Face {
  readonly vector: FaceVector;
  /** Of the box around it, in pixels of the picture that was looked at. */
  readonly area: number;
}

/** A picture whose person is known. */
export interface KnownFace {
  /** The file's name. */
  readonly name: string;
  readonly vector: FaceVector;
}

/** The known face that is nearest, and how near. */
interface Match {
  readonly name: string;
  readonly distance: number;
}

/**
 * The known face nearest to `vector`, when it is nearer than `tolerance`. Between equals the first by name wins, so that
 * the answer does not depend on the order of files.
 */
export function nearest(vector: FaceVector, known: Iterable<KnownFace>, tolerance: number): Match | undefined {
  let best: Match | undefined;
  for (const { name, vector: other } of known) {
    const distance = distanceOf(vector, other);
    if (distance >= tolerance) continue;
    if (best === undefined || distance < best.distance || (distance === best.distance && name < best.name)) best = { name, distance };
  }
  return best;
}

/** Euclidean. */
function distanceOf(one: FaceVector, other: FaceVector): number {
  let sum = 0;
  for (let index = 0; index < one.length; index++) {
    const difference = (one[index] ?? 0) - (other[index] ?? 0);
    sum += difference * difference;
  }
  return Math.sqrt(sum);
}
