/** Flags that select a cluster of the session again, also in a copied shell command. */
import {connectionFlags, type ConnectionFlags} from '../../command-line/connection-flags.ts';
import type {FlagSpec} from '../../command-line/flag-spec.ts';
import {hasNoEffect} from '../../command-line/kubectl-only-flags.ts';
import {quoteForShell} from '../../text/escaping.ts';
import type {OpenCluster, Session} from '../frame/session.ts';

/** Commands name the namespace, secrets must not appear on screen, and -v does not apply. */
const omittedFlags = new Set(['namespace', 'token', 'username', 'password', 'v']);

/** Starts with a space, or is empty. */
export function scriptFlags(session: Pick<Session, 'flags' | 'clusters'>, cluster: OpenCluster): string {
	const given = flagsForCluster(session, cluster);
	return connectionFlags
		.filter(row => !hasNoEffect(row))
		.filter(({name}) => !omittedFlags.has(name))
		.flatMap(row => spelled(row, given[row.name]))
		.map(word => ` ${word}`)
		.join('');
}

/** `--cluster` and `--user` are of the context of the flags alone. */
export function flagsForCluster({flags, clusters}: Pick<Session, 'flags' | 'clusters'>, cluster: OpenCluster): ConnectionFlags {
	const [first] = clusters.values();
	const {context} = cluster.access.facts;
	const isFirst = cluster === first && (flags.context === undefined || flags.context === context);
	return isFirst ? flags : {...flags, context: context ?? undefined, cluster: undefined, user: undefined};
}

function spelled(row: FlagSpec, value: boolean | number | string | readonly string[] | undefined): string[] {
	if (typeof value === 'boolean') {
		return value ? [`--${row.name}`] : [];
	}

	return value === undefined || value === row.default
		? []
		: [value].flat().flatMap(one => [`--${row.name}`, quoteForShell(withoutLogin(row, String(one)))]);
}

function withoutLogin({value}: FlagSpec, text: string): string {
	const [scheme] = /^[a-z][a-z\d+.-]*:\/\/|^/i.exec(text)!;
	return value === 'URL' && text.includes('@') ? scheme + text.slice(text.lastIndexOf('@') + 1) : text;
}
