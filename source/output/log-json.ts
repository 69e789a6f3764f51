/** Logs and log events as JSON. */
import {isAscii, isUtf8} from 'node:buffer';
import {lineEnd, withoutLineFeed, timestampLength, timestampMilliseconds} from '../streams/logs/log-lines.ts';
import type {LogEvent, LogSource} from '../streams/logs/log-events.ts';
import {escapeUnsafeCharacters} from '../text/escaping.ts';
import {jsonObject} from './json-line.ts';
import {formatLogEvent} from './notice-line.ts';

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
	const {namespace, pod, container} = 'source' in event ? event.source : {...podOf(event), container: null};
	return jsonObject('LogLine', {
		event: event.type,
		...(context !== null && {context}),
		namespace,
		pod,
		container,
		timestamp: null,
		text: event.type === 'server-said' ? event.text : null,
		base64: null,
		notice: formatLogEvent(event),
		...detailsOf(event),
	});
}

function podOf(event: Exclude<PrintedEvent, {source: LogSource}>): {namespace: string | null; pod: string | null} {
	return 'pod' in event ? {namespace: event.namespace, pod: event.pod} : {namespace: null, pod: null};
}

function detailsOf(event: PrintedEvent): object {
	switch (event.type) {
		case 'opened': {
			return {uid: event.source.uid, node: event.source.node};
		}

		case 'pod-appeared':
		case 'pod-gone': {
			return {node: event.node};
		}

		case 'waiting': {
			return {reason: event.reason, message: event.message, ended: event.ended};
		}

		case 'stalled': {
			return {leg: event.leg, quietMs: event.silentForMs};
		}

		case 'reconnecting': {
			return {attempt: event.attempt, retryInMs: event.retryInMs, error: event.error?.toJSON() ?? null};
		}

		case 'resumed': {
			return {outageMs: event.outageMs, proven: event.proven};
		}

		case 'gap': {
			return {after: event.after, reason: event.reason};
		}

		case 'restarted': {
			return {restarts: event.restarts, ended: event.ended};
		}

		case 'ended': {
			return {reason: event.reason, ended: event.ended};
		}

		case 'apiserver-reached': {
			return {outageMs: event.outageMs};
		}

		case 'apiserver-unreachable':
		case 'failed': {
			return {error: event.error.toJSON()};
		}

		case 'no-pods': {
			return {error: event.error?.toJSON() ?? null};
		}

		case 'server-said':
		case 'no-more-pods': {
			return {};
		}
	}
}
