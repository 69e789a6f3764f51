/** Which of the bytes that come are the body of an answer? One reader for each answer; RFC 9112 §6. */

/** A piece of the body stands in `bytes` from `from` to `to`; what stands before it is not looked at any more. */
export type OnBodyChunk = (bytes: Buffer, from: number, to: number) => void;

export type BodyReader = {
	/** Takes what there is from `at` on, which is within `bytes`, and says how far it came: what is left is another answer's, or is to stand before the bytes that come next. */
	read(bytes: Buffer, at: number): number;
	/** What comes next is another answer. */
	readonly isWhole: boolean;
	/** The end of the connection is its end; of any other it is a cut. */
	readonly endsWithConnection: boolean;
};
