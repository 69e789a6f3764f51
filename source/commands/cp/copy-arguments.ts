/** SOURCE and DESTINATION of a copy, as kubectl spells them. */
import {SpokeError} from '../../errors/spoke-error.ts';
import type {CopyDirection} from '../../streams/copy/copy-events.ts';
import {findResource} from '../../targets/resource-names.ts';

export type RemotePath = {
	/** As `parseTarget` takes it. */
	target: string;
	/** If typed before the target. */
	namespace: string | null;
	path: string;
};

export type CopyArguments = {
	direction: CopyDirection;
	remote: RemotePath;
	/** On this machine. */
	local: string;
};

/** @throws SpokeError ERR_USAGE */
export function parseCopyArguments(positionals: readonly string[]): CopyArguments {
	const [source, destination, ...surplus] = positionals;
	if (source === undefined || destination === undefined || surplus.length > 0) {
		throw new SpokeError('ERR_USAGE', `expected SOURCE and DESTINATION, got ${positionals.length} arguments`);
	}

	const [from, to] = [remotePath(source), remotePath(destination)];
	if (from !== null && to === null) {
		return {direction: 'from-pod', remote: from, local: destination};
	}

	if (from === null && to !== null) {
		return {direction: 'to-pod', remote: to, local: source};
	}

	throw new SpokeError(
		'ERR_USAGE',
		from === null
			? `${JSON.stringify(source)} and ${JSON.stringify(destination)} are both on this machine: one must be POD:PATH`
			: `${JSON.stringify(source)} and ${JSON.stringify(destination)} are both in containers: one must be a path on this machine`,
		{remedy: 'write a local name with a colon as ./NAME'},
	);
}

/**
`[NAMESPACE/]POD:PATH`, and `[NAMESPACE/]KIND/NAME:PATH`; `null` for a local path. Of two parts, the first is a kind if there is such a kind
of pods, otherwise a namespace.
@throws SpokeError ERR_USAGE
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd/cp/cp.go extractFileSpec
*/
function remotePath(text: string): RemotePath | null {
	const colon = text.indexOf(':');
	if (colon < 0 || /^[./~]/.test(text)) {
		return null;
	}

	const parts = text.slice(0, colon).split('/');
	const path = text.slice(colon + 1);
	const problem = parts.includes('') ? 'has an empty name' : parts.length > 3 ? 'has too many slashes' : path === '' ? 'has no path' : null;
	if (problem !== null) {
		throw new SpokeError('ERR_USAGE', `${JSON.stringify(text)} ${problem}: it must be [NAMESPACE/]POD:PATH or [NAMESPACE/]KIND/NAME:PATH`);
	}

	const hasNamespace = parts.length === 3 || (parts.length === 2 && findResource(parts[0]!) === undefined);
	return {
		target: (hasNamespace ? parts.slice(1) : parts).join('/'),
		namespace: hasNamespace ? parts[0]! : null,
		// With a slash at its end, the path of a file is not found.
		path: path.replace(/(?<=.)\/+$/, ''),
	};
}
