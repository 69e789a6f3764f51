/** Output as JSON: one object per line. */
import type {Writable} from 'node:stream';
import {toSafeJson} from '../text/escaping.ts';

type CommonFields = {apiVersion: 'spoke/v1'; kind: string; time: string};

/** `time` is now, in UTC with milliseconds. */
export function jsonObject<Fields extends object>(kind: string, fields: Fields): CommonFields & Fields {
	return {apiVersion: 'spoke/v1', kind, time: new Date().toISOString(), ...fields};
}

export function jsonLine(value: object): string {
	return `${toSafeJson(value)}\n`;
}

export function writeJsonLine(stream: Pick<Writable, 'write'>, value: object): void {
	stream.write(jsonLine(value));
}
