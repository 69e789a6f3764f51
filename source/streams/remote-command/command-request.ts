/** What is asked for when a command is run in a container, or its main process attached to, and the path that asks. */
import {objectPath} from '../../targets/object-path.ts';
import {podResource} from '../../targets/resource-names.ts';
import type {ResolvedTarget} from '../connection-observer.ts';

export type CommandRequest = {
	feature: 'exec' | 'attach';
	/** A pod; `container` is set. */
	target: ResolvedTarget;
	/** For exec: program and arguments, passed as they are, through no shell. */
	command: readonly string[];
	stdin: boolean;
	/** A terminal on the far side: one output, and sizes. */
	tty: boolean;
};

/** @see k8s.io/api/core/v1 PodExecOptions, PodAttachOptions */
export function commandPath({feature, target, command, stdin, tty}: CommandRequest): string {
	const query = new URLSearchParams();
	if (target.container !== null) {
		query.append('container', target.container);
	}

	for (const word of feature === 'exec' ? command : []) {
		query.append('command', word);
	}

	for (const [name, wanted] of Object.entries({stdin, stdout: true, stderr: !tty, tty})) {
		if (wanted) {
			query.append(name, 'true');
		}
	}

	return `${objectPath(podResource, target.namespace ?? 'default', target.name, feature)}?${query}`;
}
