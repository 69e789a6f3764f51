/** The level of lines that continue a message. */
import type {LineLevel} from './line-level.ts';

const infoLevel: LineLevel = 2;
/** A program writes the lines of a traceback at once. */
const continuedWithinMs = 200;
/** A JSON object is a message of its own. */
const openingBrace = 0x7b;

/** Needs every line of a source, in order, also those that are not shown. */
export class LevelInheritance<Source> {
	readonly #lastLines = new Map<Source, {level: LineLevel; time: number}>();

	/**
	The line's own level, else that of the line that it continues, else info. `time` is in milliseconds; `firstByte` is `undefined` for an
	empty line.
	*/
	levelOf(source: Source, own: LineLevel, time: number, firstByte: number | undefined): LineLevel {
		const last = this.#lastLines.get(source) ?? {level: infoLevel, time};
		this.#lastLines.set(source, last);
		const isContinued = time - last.time <= continuedWithinMs && firstByte !== openingBrace;
		last.level = own > 0 ? own : isContinued ? last.level : infoLevel;
		last.time = time;
		return last.level;
	}

	clear(): void {
		this.#lastLines.clear();
	}
}
