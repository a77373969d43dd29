import { createLayer, type OciImage } from "./oci-archive.ts";

/** The reference of the image that holds a Pod's namespaces. It exists only in Skiff's own containerd. */
export const PAUSE_IMAGE = "skiff.local/pause:1";

/**
 * The program of the pause image, in machine code: it blocks SIGINT, SIGTERM and SIGCHLD, then waits for one of them;
 * on SIGCHLD it collects every child that has ended (it is process 1 of Pods that share their process namespace), on the others it ends.
 */
const PROGRAMS: Readonly<Record<string, { readonly machine: number; readonly code: readonly string[] }>> = {
  amd64: {
    machine: 0x3e,
    code: [
      "4883ec10", // sub rsp, 16
      "48c7042402400100", // mov qword [rsp], the set of SIGINT, SIGTERM, SIGCHLD
      "31ff", // xor edi, edi        (SIG_BLOCK)
      "4889e6", // mov rsi, rsp
      "31d2", // xor edx, edx
      "41ba08000000", // mov r10d, 8         (the size of the set)
      "b80e000000", // mov eax, 14         (rt_sigprocmask)
      "0f05", // syscall
      "4889e7", // wait: mov rdi, rsp
      "31f6", // xor esi, esi
      "31d2", // xor edx, edx        (no time limit)
      "41ba08000000", // mov r10d, 8
      "b880000000", // mov eax, 128        (rt_sigtimedwait)
      "0f05", // syscall
      "83f811", // cmp eax, 17         (SIGCHLD)
      "740d", // je reap
      "85c0", // test eax, eax
      "78e3", // js wait             (interrupted)
      "31ff", // xor edi, edi
      "b8e7000000", // mov eax, 231        (exit_group)
      "0f05", // syscall
      "bfffffffff", // reap: mov edi, -1   (any child)
      "31f6", // xor esi, esi
      "ba01000000", // mov edx, 1          (WNOHANG)
      "4531d2", // xor r10d, r10d
      "b83d000000", // mov eax, 61         (wait4)
      "0f05", // syscall
      "85c0", // test eax, eax
      "7fe6", // jg reap
      "ebbe", // jmp wait
    ],
  },
  arm64: {
    machine: 0xb7,
    // The same, instruction by instruction, each word in the byte order of the file.
    code: [
      "ff4300d1", // sub sp, sp, #16
      "400088d2", // movz x0, #0x4002
      "2000a0f2", // movk x0, #1, lsl #16
      "e00300f9", // str x0, [sp]
      "000080d2", // mov x0, #0          (SIG_BLOCK)
      "e1030091", // mov x1, sp
      "020080d2", // mov x2, #0
      "030180d2", // mov x3, #8
      "e81080d2", // mov x8, #135        (rt_sigprocmask)
      "010000d4", // svc #0
      "e0030091", // wait: mov x0, sp
      "010080d2", // mov x1, #0
      "020080d2", // mov x2, #0
      "030180d2", // mov x3, #8
      "281180d2", // mov x8, #137        (rt_sigtimedwait)
      "010000d4", // svc #0
      "1f440071", // cmp w0, #17         (SIGCHLD)
      "c0000054", // b.eq reap
      "1f000071", // cmp w0, #0
      "ebfeff54", // b.lt wait
      "000080d2", // mov x0, #0
      "c80b80d2", // mov x8, #94         (exit_group)
      "010000d4", // svc #0
      "00008092", // reap: mov x0, #-1
      "010080d2", // mov x1, #0
      "220080d2", // mov x2, #1          (WNOHANG)
      "030080d2", // mov x3, #0
      "882080d2", // mov x8, #260        (wait4)
      "010000d4", // svc #0
      "1f000071", // cmp w0, #0
      "2cffff54", // b.gt reap
      "ebffff17", // b wait
    ],
  },
};

const LOAD_ADDRESS = 0x400000;
const HEADERS_BYTES = 64 + 56;

/**
 * The pause image, built from nothing: a few hundred bytes, no registry, no base image.
 *
 * Errors: throws an `Error` for an architecture that it has no program for.
 */
export function pauseImage(architecture: string): OciImage {
  return {
    references: [PAUSE_IMAGE],
    architecture,
    layers: [createLayer([{ path: "pause", type: "file", mode: 0o755, content: pauseProgram(architecture) }], "none")],
    config: { entrypoint: ["/pause"], user: "65535:65535", workingDir: "/" },
  };
}

/** The program as an ELF executable that needs nothing but the kernel. */
export function pauseProgram(architecture: string): Uint8Array {
  const program = PROGRAMS[architecture];
  if (program === undefined) throw new Error(`there is no pause program for ${architecture}; set a sandbox image`);
  const code = Buffer.from(program.code.join(""), "hex");
  const file = Buffer.alloc(HEADERS_BYTES + code.length);
  // The ELF header: 64 bits, little-endian, version 1, System V.
  file.write("\u007fELF\u0002\u0001\u0001", 0, "latin1");
  file.writeUInt16LE(2, 16); // an executable at fixed addresses
  file.writeUInt16LE(program.machine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BigInt(LOAD_ADDRESS + HEADERS_BYTES), 24); // where it starts
  file.writeBigUInt64LE(64n, 32); // where the program headers are
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt16LE(64, 58);
  // The only segment: the whole file, readable and executable.
  file.writeUInt32LE(1, 64);
  file.writeUInt32LE(5, 68);
  file.writeBigUInt64LE(0n, 72);
  file.writeBigUInt64LE(BigInt(LOAD_ADDRESS), 80);
  file.writeBigUInt64LE(BigInt(LOAD_ADDRESS), 88);
  file.writeBigUInt64LE(BigInt(file.length), 96);
  file.writeBigUInt64LE(BigInt(file.length), 104);
  file.writeBigUInt64LE(0x1000n, 112);
  code.copy(file, HEADERS_BYTES);
  return file;
}

/** The architecture as images name it, from the name that Node has for it. */
export function imageArchitecture(nodeArchitecture: string): string {
  return nodeArchitecture === "x64" ? "amd64" : nodeArchitecture;
}
