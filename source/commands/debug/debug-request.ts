/** Flags of `debug`. */
import type {CopyRequest, DebugRequest} from '../../streams/debug-specs.ts';
import type {Invocation} from '../command.ts';
import type {debugSpec} from './spec.ts';
import {assertUsage} from '../usage.ts';

export type DebugInvocation = Invocation<typeof debugSpec.flags>;

export type DebugInput = {
	container: DebugRequest;
	copy: CopyRequest | null;
	attaches: boolean;
};

/**
@throws SpokeError ERR_USAGE with kubectl's messages
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd/debug/debug.go Validate
*/
export function parseDebugRequest(invocation: DebugInvocation): DebugInput {
	const {flags, given, afterDash: command = [], stdin} = invocation;
	const env = [...parsePairs('--env', flags.env)].map(([name, value]) => ({name, value}));
	const images = parsePairs('--set-image', flags['set-image']);
	const [image, name, copyName] = [flags.image, flags.container, flags['copy-to']].map(text =>
		text === undefined || text === '' ? null : text,
	) as [string | null, string | null, string | null];
	const attaches = given.has('attach') ? flags.attach : flags.stdin;
	assertAgree(invocation, {image, name, copyName, images, attaches});
	const container: DebugRequest = {
		name,
		image,
		command,
		env,
		stdin: flags.stdin,
		// Without a local terminal, one in the container would only mix stdout and stderr.
		tty: flags.tty && (!attaches || stdin.isTTY),
		argumentsOnly: flags['arguments-only'],
		imagePullPolicy: flags['image-pull-policy'] ?? null,
		profile: flags.profile,
	};
	return {container, attaches, copy: copyName === null ? null : copyRequest(invocation, {...container, copyName, images})};
}

function copyRequest({flags, given}: DebugInvocation, request: DebugRequest & Pick<CopyRequest, 'copyName' | 'images'>): CopyRequest {
	return {
		...request,
		sameNode: flags['same-node'],
		shareProcesses: given.has('share-processes') ? flags['share-processes'] : null,
		keep: {
			labels: flags['keep-labels'],
			annotations: flags['keep-annotations'],
			livenessProbe: flags['keep-liveness'],
			readinessProbe: flags['keep-readiness'],
			startupProbe: flags['keep-startup'],
			initContainers: flags['keep-init-containers'],
		},
	};
}

type Names = {
	image: string | null;
	name: string | null;
	copyName: string | null;
	images: ReadonlyMap<string, string>;
	attaches: boolean;
};

/** @throws SpokeError ERR_USAGE */
function assertAgree({flags, given, afterDash = []}: DebugInvocation, {image, name, copyName, images, attaches}: Names): void {
	assertUsage(
		!given.has('attach') || !flags.attach || image !== null || name !== null,
		'you must specify --container or create a new container using --image in order to attach',
	);
	if (copyName === null) {
		for (const flag of ['replace', 'same-node', 'set-image'] as const) {
			assertUsage(flag === 'set-image' ? images.size === 0 : !flags[flag], `--${flag} may only be used with --copy-to`);
		}

		assertUsage(image !== null, 'you must specify --image when not using --copy-to');
	} else {
		const changes = image !== null || images.size > 0 || afterDash.length > 0;
		assertUsage(changes, 'you must specify --image, --set-image or command arguments');
		const takesArguments = afterDash.length === 0 || name !== null || image !== null;
		assertUsage(takesArguments, 'you must specify an existing container or a new image when specifying args');
	}

	assertUsage(image === null || isImageReference(image), `invalid image name ${JSON.stringify(image)}: invalid reference format`);
	for (const [container, wanted] of images) {
		assertUsage(
			isImageReference(wanted),
			`invalid image name ${JSON.stringify(wanted)} for container ${JSON.stringify(container)}: invalid reference format`,
		);
	}

	const isTargetAlone = flags.target === undefined || copyName === null;
	assertUsage(isTargetAlone, '--target is incompatible with --copy-to. Use --share-processes instead');
	assertUsage(flags.record === undefined || attaches, '--record requires -i or --attach');
	assertUsage(!flags.tty || flags.stdin, '-i/--stdin is required for containers with -t/--tty=true');
}

const domain = String.raw`(?:(?:[a-zA-Z\d]|[a-zA-Z\d][a-zA-Z\d-]*[a-zA-Z\d])(?:\.(?:[a-zA-Z\d]|[a-zA-Z\d][a-zA-Z\d-]*[a-zA-Z\d]))*|\[[a-fA-F\d:]+\])(?::\d+)?`;
const path = String.raw`[a-z\d]+(?:(?:\.|_|__|-+)[a-z\d]+)*`;
const reference = new RegExp(
	String.raw`^(?:${domain}/)?${path}(?:/${path})*(?::\w[\w.-]{0,127})?(?:@[A-Za-z][A-Za-z\d]*(?:[-_+.][A-Za-z][A-Za-z\d]*)*:[\dA-Fa-f]{32,})?$`,
);

/** @see https://github.com/distribution/reference/blob/v0.6.0/regexp.go ReferenceRegexp */
function isImageReference(image: string): boolean {
	return reference.test(image);
}

/**
A later key wins. A value with one `=` is one pair, commas included; with more it is CSV.
@throws SpokeError ERR_USAGE for a text without `=`
@see https://github.com/spf13/pflag string_to_string.go
*/
function parsePairs(flag: string, texts: readonly string[]): ReadonlyMap<string, string> {
	const pairs = new Map<string, string>();
	for (const text of texts) {
		const isOne = text.split('=').length === 2;
		for (const pair of isOne ? [text.replaceAll(/^"+|"+$/g, '')] : parseCsvLine(text)) {
			const at = pair.indexOf('=');
			assertUsage(at >= 0, `invalid argument ${JSON.stringify(text)} for ${flag}: ${pair} must be formatted as key=value`);
			pairs.set(pair.slice(0, at), pair.slice(at + 1));
		}
	}

	return pairs;
}

function parseCsvLine(line: string): string[] {
	return Array.from(
		line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g),
		([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain,
	);
}
