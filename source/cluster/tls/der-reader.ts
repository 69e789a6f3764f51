/** DER reader as strict as Go's cryptobyte. */

export const derTag = {
	boolean: 0x01,
	integer: 0x02,
	bitString: 0x03,
	octetString: 0x04,
	objectIdentifier: 0x06,
	utf8String: 0x0c,
	numericString: 0x12,
	printableString: 0x13,
	t61String: 0x14,
	ia5String: 0x16,
	bmpString: 0x1e,
	utcTime: 0x17,
	generalizedTime: 0x18,
	sequence: 0x30,
	set: 0x31,
} as const;

/** The message is Go's. */
export class CertificateParseError extends Error {}

export type DerElement = {tag: number; content: Buffer; /** With tag and length. */ whole: Buffer};

/** Methods throw CertificateParseError with `problem`, Go's message. */
export class DerReader {
	readonly #bytes: Buffer;
	#at = 0;

	constructor(bytes: Buffer) {
		this.#bytes = bytes;
	}

	get isEmpty(): boolean {
		return this.#at >= this.#bytes.length;
	}

	isNext(tag: number): boolean {
		return this.#bytes[this.#at] === tag;
	}

	any(problem: string): DerElement {
		const element = elementAt(this.#bytes, this.#at);
		if (!element) {
			throw new CertificateParseError(problem);
		}

		this.#at += element.whole.length;
		return element;
	}

	element(tag: number, problem: string): DerElement {
		if (!this.isNext(tag)) {
			throw new CertificateParseError(problem);
		}

		return this.any(problem);
	}

	content(tag: number, problem: string): Buffer {
		return this.element(tag, problem).content;
	}

	inside(tag: number, problem: string): DerReader {
		return new DerReader(this.content(tag, problem));
	}

	optional(tag: number, problem: string): Buffer | null {
		return this.isNext(tag) ? this.content(tag, problem) : null;
	}

	boolean(problem: string): boolean {
		const content = this.content(derTag.boolean, problem);
		if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) {
			throw new CertificateParseError(problem);
		}

		return content[0] === 0xff;
	}

	integer(problem: string, tag: number = derTag.integer): bigint {
		const content = this.content(tag, problem);
		const [first = 0, second = 0] = content;
		const isPadded = content.length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
		if (content.length === 0 || isPadded) {
			throw new CertificateParseError(problem);
		}

		return BigInt.asIntN(content.length * 8, BigInt(`0x${content.toString('hex')}`));
	}

	/** An integer that fits Go's int64. */
	int64(problem: string, tag?: number): number {
		const value = this.integer(problem, tag);
		if (value !== BigInt.asIntN(64, value)) {
			throw new CertificateParseError(problem);
		}

		return Number(value);
	}

	objectIdentifier(problem: string): string {
		return dotted(this.content(derTag.objectIdentifier, problem), problem);
	}

	bitString(problem: string): {bytes: Buffer; padding: number} {
		const content = this.content(derTag.bitString, problem);
		const [padding = 8] = content;
		const last = content.length > 1 ? content.at(-1)! : 0;
		const isCleanlyPadded = padding <= 7 && (content.length > 1 || padding === 0) && last % 2 ** padding === 0;
		if (!isCleanlyPadded) {
			throw new CertificateParseError(problem);
		}

		return {bytes: content.subarray(1), padding};
	}
}

function elementAt(bytes: Buffer, at: number): DerElement | null {
	const tag = bytes[at];
	const firstLength = bytes[at + 1];
	if (tag === undefined || firstLength === undefined || tag % 0x20 === 0x1f) {
		return null;
	}

	const lengthBytes = firstLength < 0x80 ? 0 : firstLength - 0x80;
	// 0x80 is an indefinite length; cryptobyte reads at most four bytes of length.
	if (firstLength === 0x80 || lengthBytes > 4 || at + 2 + lengthBytes > bytes.length) {
		return null;
	}

	const length = lengthBytes === 0 ? firstLength : bytes.readUIntBE(at + 2, lengthBytes);
	const isMinimal = lengthBytes === 0 || (length >= 0x80 && length >= 256 ** (lengthBytes - 1));
	const start = at + 2 + lengthBytes;
	return isMinimal && start + length <= bytes.length
		? {tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length)}
		: null;
}

/** Arcs fit 31 bits, as in Go's asn1.ObjectIdentifier. */
function dotted(content: Buffer, problem: string): string {
	const arcs: number[] = [];
	let arc = 0;
	let isInside = false;
	for (const byte of content) {
		if ((!isInside && byte === 0x80) || arc >= 2 ** 24) {
			throw new CertificateParseError(problem);
		}

		arc = arc * 128 + (byte % 128);
		isInside = byte >= 0x80;
		if (!isInside) {
			arcs.push(...(arcs.length === 0 ? firstTwo(arc) : [arc]));
			arc = 0;
		}
	}

	if (content.length === 0 || isInside) {
		throw new CertificateParseError(problem);
	}

	return arcs.join('.');
}

function firstTwo(arc: number): [number, number] {
	return arc < 80 ? [Math.floor(arc / 40), arc % 40] : [2, arc - 80];
}
