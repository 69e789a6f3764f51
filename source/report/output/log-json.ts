/** Logs and log events as JSON. */
import {isAscii, isUtf8} from 'node:buffer';
import {lineEnd, withoutLineFeed, timestampLength, timestampMilliseconds} from '../../streams/logs/log-lines.ts';
import type {LogEvent, LogSource} from '../../streams/logs/log-events.ts';
import {escapeUnsafeCharacters} from '../../base/text/escaping.ts';
import {jsonObject} from './output-writer.ts';
import {formatLogEvent} from '../descriptions/describe-log-event.ts';

type LogLineOptions = {
	/** Returns how many bytes of a line, including its line feed, can be printed. */
	take?: (bytes: number) => number;
	/** Returns the value of `fields`, which is left out without it. */
	fieldsOf?: ((text: string) => object | null) | null;
	/** Left out if it is the only one. */
	context?: string | null;
};

/** One `LogLine` per line of the block, whose lines begin with timestamps. Built as text, for speed. */
export function logLineObjects(
	block: Buffer,
	{namespace, pod, container}: LogSource,
	{take = bytes => bytes, fieldsOf = null, context = null}: LogLineOptions = {},
): string {
	const named = context === null ? '' : `"context":${jsonText(context)},`;
	const source = `"event":"line",${named}"namespace":${jsonText(namespace)},"pod":${jsonText(pod)},"container":${jsonText(container)}`;
	const now = new Date().toISOString();
	let known = {ms: NaN, time: ''};
	let output = '';
	for (let at = 0; at < block.length;) {
		const end = lineEnd(block, at);
		const stamp = timestampLength(block, at);
		const from = stamp === 0 ? at : at + stamp + 1;
		const taken = take(end - from);
		if (taken <= 0) {
			break;
		}

		if (stamp > 0) {
			const ms = timestampMilliseconds(block, at, stamp);
			known = ms === known.ms ? known : {ms, time: new Date(ms).toISOString()};
		}

		const [time, timestamp] = stamp > 0 ? [known.time, `"${block.toString('latin1', at, at + stamp)}"`] : [now, 'null'];
		const bytes = block.subarray(from, Math.min(from + taken, withoutLineFeed(block, end)));
		const text = textFields(bytes);
		const more = fieldsOf === null ? '' : `,"fields":${jsonText(fieldsOf(bytes.toString('utf8')))}`;
		output += `{"apiVersion":"spoke/v1","kind":"LogLine","time":"${time}",${source},"timestamp":${timestamp},${text},"notice":null${more}}\n`;
		at = end;
	}

	return output;
}

/** One `NodeLogLine` per line of the block. */
export function nodeLogLineObjects(block: Buffer, {node, query}: {node: string; query: readonly string[]}): string {
	const source = `"node":${jsonText(node)},"query":${jsonText(query)}`;
	const now = new Date().toISOString();
	let output = '';
	for (let at = 0; at < block.length;) {
		const end = lineEnd(block, at);
		const bytes = block.subarray(at, withoutLineFeed(block, end));
		output += `{"apiVersion":"spoke/v1","kind":"NodeLogLine","time":"${now}",${source},${textFields(bytes)}}\n`;
		at = end;
	}

	return output;
}

/** DEL */
const rubout = 0x7f;

function textFields(bytes: Buffer): string {
	// JSON escapes every other ASCII control character.
	if (isAscii(bytes) && !bytes.includes(rubout)) {
		return `"text":${JSON.stringify(bytes.toString('latin1'))},"base64":null`;
	}

	return `"text":${jsonText(bytes.toString('utf8'))},"base64":${isUtf8(bytes) ? 'null' : `"${bytes.toString('base64')}"`}`;
}

function jsonText(value: string | object | null): string {
	return escapeUnsafeCharacters(JSON.stringify(value));
}

/** Not printed: lines have objects of their own, and the others only change the state of a tail. */
export type PrintedEvent = Exclude<LogEvent, {type: 'lines' | 'asking' | 'checking' | 'checked'}>;

/** The fields after `notice` are those of the event. `context` is left out if it is the only one. */
export function logEventObject(event: PrintedEvent, context: string | null = null): object {
	const {namespace, pod} = 'source' in event ? event.source : 'pod' in event ? event : {namespace: null, pod: null};
	return jsonObject('LogLine', {
		event: event.type,
		...(context !== null && {context}),
		namespace,
		pod,
		container: 'source' in event ? event.source.container : null,
		timestamp: null,
		text: event.type === 'server-said' ? event.text : null,
		base64: null,
		notice: formatLogEvent(event),
		...(details[event.type] as (event: PrintedEvent) => object)(event),
	});
}

const details: {[Type in PrintedEvent['type']]: (event: PrintedEvent & {type: Type}) => object} = {
	opened: ({source: {uid, node}}) => ({uid, node}),
	'pod-appeared': ({node}) => ({node}),
	'pod-gone': ({node}) => ({node}),
	waiting: ({reason, message, ended}) => ({reason, message, ended}),
	stalled: ({leg, silentForMs}) => ({leg, quietMs: silentForMs}),
	reconnecting: ({attempt, retryInMs, error}) => ({attempt, retryInMs, error: error?.toJSON() ?? null}),
	resumed: ({outageMs, proven}) => ({outageMs, proven}),
	gap: ({after, reason}) => ({after, reason}),
	restarted: ({restarts, ended}) => ({restarts, ended}),
	ended: ({reason, ended}) => ({reason, ended}),
	'apiserver-reached': ({outageMs}) => ({outageMs}),
	'apiserver-unreachable': ({error}) => ({error: error.toJSON()}),
	failed: ({error}) => ({error: error.toJSON()}),
	'no-pods': ({error}) => ({error: error?.toJSON() ?? null}),
	'server-said': () => ({}),
	'no-more-pods': () => ({}),
};
