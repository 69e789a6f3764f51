/** One object a line, as the contract has it. */
import type {Writable} from 'node:stream';
import {toSafeJson} from '../text/safe-json.ts';

type CommonFields = {apiVersion: 'spoke/v1'; kind: string; time: string};

/** `time` is now, in UTC with milliseconds. */
export function jsonObject<Fields extends object>(kind: string, fields: Fields): CommonFields & Fields {
	return {apiVersion: 'spoke/v1', kind, time: new Date().toISOString(), ...fields};
}

/** Safe wherever it is shown. */
export function jsonLine(value: object): string {
	return `${toSafeJson(value)}\n`;
}

/** Writes it at once. */
export function writeJsonLine(stream: Writable, value: object): void {
	stream.write(jsonLine(value));
}
