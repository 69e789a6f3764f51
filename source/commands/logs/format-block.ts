/** How blocks of a log are put out: bytes for a pipe, harmless text for a terminal, with or without prefix and timestamps. */
import {sanitize} from '../../text/sanitize.ts';
import {stripTimestamps, withPrefix} from '../../streams/logs/log-lines.ts';
import type {LogSource} from '../../streams/logs/log-events.ts';

export type LineFormat = {
	/** Its control characters are shown, not obeyed. */
	terminal: boolean;
	prefix: boolean;
	/** The blocks come with timestamps that the user did not ask for. */
	strip: boolean;
};

/**
A block as it is to be written.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd/logs/logs.go addPrefixIfNeeded
*/
export function formatBlock(block: Buffer, source: LogSource, {terminal, prefix, strip}: LineFormat): Buffer | string {
	const stripped = strip ? stripTimestamps(block) : block;
	const bytes = prefix ? withPrefix(stripped, Buffer.from(`[pod/${source.pod}/${source.container}] `)) : stripped;
	return terminal ? sanitize(bytes.toString('utf8'), {colours: 'keep'}) : bytes;
}
