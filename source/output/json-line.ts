/** One object a line, as the contract has it. */
import type {Writable} from 'node:stream';

type Common = {apiVersion: 'spoke/v1'; kind: string; time: string};

/** `time` is now, in UTC with milliseconds. */
export function jsonObject<Fields extends object>(kind: string, fields: Fields): Common & Fields {
	return {apiVersion: 'spoke/v1', kind, time: new Date().toISOString(), ...fields};
}

/** JSON escapes control characters below U+0020; the others that could move a terminal are escaped here, so that a line is safe wherever it is shown. */
export function jsonLine(value: object): string {
	return `${JSON.stringify(value).replaceAll(/[\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/gu, character => `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`)}\n`;
}

/** Writes it at once. */
export function writeJsonLine(stream: Writable, value: object): void {
	stream.write(jsonLine(value));
}
