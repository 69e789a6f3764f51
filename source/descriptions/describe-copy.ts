/** Copies in words. */
import type {CopiedEntry} from '../streams/copy/copy-events.ts';
import type {CopyTally} from '../streams/copy/copy-tally.ts';
import {formatBytes, formatQuantity, formatDuration} from '../text/formats.ts';

/** `copied 3 files, 1 directory, 1.2 MB in 0.4 s · same sha256 checksum on both ends`. */
export function describeCopied(
	{files, directories, links, bytes}: CopyTally,
	{durationMs, destination}: {durationMs: number; destination?: string},
): string {
	const counted = [
		formatQuantity(files, 'file'),
		...(directories > 0 ? [formatQuantity(directories, 'directory', 'directories')] : []),
		...(links > 0 ? [formatQuantity(links, 'link')] : []),
	].join(', ');
	const verified = files > 0 ? ' · same sha256 checksum on both ends' : '';
	const to = destination === undefined ? '' : ` to ${destination}`;
	return `copied ${counted}, ${formatBytes(bytes)}${to} in ${formatDuration(durationMs)}${verified}`;
}

/** `source` is the name of an entry that is the source itself. */
export function describeNotCopied({path, reason}: CopiedEntry, source: string): string {
	return `not copied: ${path.length === 0 ? source : path.toString()}: ${reason ?? 'unknown reason'}`;
}
