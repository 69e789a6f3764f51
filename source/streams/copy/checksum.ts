/** Checksums on both ends. */
import {createHash, type Hash} from 'node:crypto';

export type ChecksumAlgorithm = 'sha256' | 'md5';

export type Verification = {by: 'checksum' | 'read-back'; algorithm: ChecksumAlgorithm; digest: string};

/** `null` for an image without one: then a copy is read back. */
export function checksumProgram(name: string): ChecksumAlgorithm | null {
	return name === 'sha256sum' || name === 'shasum' ? 'sha256' : name === 'md5sum' ? 'md5' : null;
}

/** md5 is enough against truncated and mixed up bytes; against a forger of files a checksum that the container computes proves nothing. */
export function createChecksum(algorithm: ChecksumAlgorithm | null): Hash {
	return createHash(algorithm ?? readBackAlgorithm);
}

/** `digest` is the one of `createChecksum`. */
export function verificationOf(algorithm: ChecksumAlgorithm | null, digest: string): Verification {
	return {by: algorithm === null ? 'read-back' : 'checksum', algorithm: algorithm ?? readBackAlgorithm, digest};
}

const readBackAlgorithm = 'sha256';

const digestLengths: Readonly<Record<ChecksumAlgorithm, number>> = {sha256: 64, md5: 32};

/** A line of the checksum program: `DIGEST  NAME`. `null` for any other line. */
export function parseSum(line: Buffer, algorithm: ChecksumAlgorithm): {digest: string; name: Buffer} | null {
	const length = digestLengths[algorithm];
	const digest = line.subarray(0, length).toString('latin1');
	return /^[\da-f]+$/.test(digest) && digest.length === length && line[length] === 0x20 ? {digest, name: line.subarray(length + 2)} : null;
}
