/** Reads what the container lists, up to limits: a container can list names until the memory of this machine is used up. */
import {SpokeError} from '../../errors/spoke-error.ts';
import type {CopySession} from './copy-session.ts';

export type ListingLimits = {
	/** Of the listing as it arrives. Names keep the bytes that arrived with them. */
	bytes: number;
	paths: number;
	/** Of all paths: `./a/b` has three. */
	components: number;
};

/** A component takes about 140 bytes of the heap, so that all of them take at most 2.3 GB. */
const defaultLimits: ListingLimits = {bytes: 512 * 1024 ** 2, paths: 5_000_000, components: 16_000_000};

const slash = 0x2f;

export class Listing {
	readonly #session: Pick<CopySession, 'line' | 'name'>;
	readonly #left: ListingLimits;

	constructor(session: Pick<CopySession, 'line' | 'name'>, limits = defaultLimits) {
		this.#session = session;
		this.#left = {...limits};
	}

	/** @throws SpokeError of the session; ERR_PROTOCOL above a limit */
	async line(): Promise<Buffer> {
		return this.#count(await this.#session.line());
	}

	/** @throws as `line` */
	async path(): Promise<Buffer> {
		const path = await this.#session.name();
		this.#left.paths--;
		this.#left.components -= path.reduce((count, byte) => (byte === slash ? count + 1 : count), 1);
		return this.#count(path);
	}

	/** @throws as `line` */
	async target(): Promise<Buffer> {
		return this.#count(await this.#session.name());
	}

	#count(part: Buffer): Buffer {
		// With its delimiter.
		this.#left.bytes -= part.length + 1;
		if (Object.values(this.#left).some(left => left < 0)) {
			throw new SpokeError('ERR_PROTOCOL', 'the copy program in the container listed more than spoke can hold', {
				leg: 3,
				remedy: 'copy its directories one by one',
			});
		}

		return part;
	}
}
