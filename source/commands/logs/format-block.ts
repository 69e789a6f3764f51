/** Formats blocks of a log: bytes for a pipe, sanitized text for a terminal, with or without prefix and timestamps. */
import {sanitize} from '../../text/sanitize.ts';
import {stripTimestamps, withPrefix} from '../../streams/logs/log-lines.ts';
import type {LogSource} from '../../streams/logs/log-events.ts';

export type LineFormat = {
	/** Shows control characters instead of sending them. */
	terminal: boolean;
	prefix: boolean;
	/** The user did not ask for the timestamps in the blocks. */
	strip: boolean;
};

/**
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd/logs/logs.go addPrefixIfNeeded
*/
export function formatBlock(block: Buffer, source: LogSource, {terminal, prefix, strip}: LineFormat): Buffer | string {
	const stripped = strip ? stripTimestamps(block) : block;
	const bytes = prefix ? withPrefix(stripped, Buffer.from(`[pod/${source.pod}/${source.container}] `)) : stripped;
	return terminal ? sanitize(bytes.toString('utf8'), {colors: 'keep'}) : bytes;
}
