/** The query of one log read. */
import {objectPath, podResource} from '../../targets/resource-names.ts';
import {formatRfc3339Seconds} from '../../text/format-time.ts';
import type {LogSource} from './log-events.ts';

/** The API's `PodLogOptions`. */
export type PodLogOptions = {
	follow?: boolean;
	previous?: boolean;
	timestamps?: boolean;
	tailLines?: number;
	sinceSeconds?: number;
	/** RFC 3339; the apiserver drops the fraction of a second. */
	sinceTime?: string;
	limitBytes?: number;
	insecureSkipTLSVerifyBackend?: boolean;
};

/** Without a container, the apiserver takes the only one, and refuses if there are several. */
export function podLogPath(
	{namespace, pod, container}: Pick<LogSource, 'namespace' | 'pod'> & {container: string | null},
	read: PodLogOptions,
): string {
	const query = new URLSearchParams(container === null ? {} : {container});
	for (const [name, value] of Object.entries(read)) {
		if (value !== undefined && value !== false) {
			query.set(name, String(value));
		}
	}

	return `${objectPath(podResource, namespace, pod, 'log')}?${query.toString()}`;
}

export function formatSinceTime(second: number): string {
	return formatRfc3339Seconds(new Date(second * 1000));
}
