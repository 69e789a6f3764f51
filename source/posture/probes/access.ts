/** Who are we to the apiserver, what may we do, and what does it let nobody in particular do? */
import type {ClusterAccess} from '../../cluster/cluster-access.ts';
import type {Outcome} from '../evidence.ts';
import {parsed, readText} from './ask.ts';

export type WhoAmI = {user: string | null; groups: readonly string[]};

export async function readWhoAmI(cluster: Pick<ClusterAccess, 'request'>): Promise<WhoAmI> {
	const answer = await post<{status?: {userInfo?: {username?: string; groups?: string[]}}}>(cluster, '/apis/authentication.k8s.io/v1/selfsubjectreviews', {apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview'});
	return {user: answer?.status?.userInfo?.username ?? null, groups: answer?.status?.userInfo?.groups ?? []};
}

export type AskedRight = {verb: string; group?: string; resource?: string; subresource?: string; namespace?: string; name?: string; path?: string};

/** `undefined` where the question itself is not answered. */
export async function mayI(cluster: Pick<ClusterAccess, 'request'>, {verb, path, ...resource}: AskedRight): Promise<boolean | undefined> {
	const spec = path === undefined ? {resourceAttributes: {verb, ...resource}} : {nonResourceAttributes: {verb, path}};
	const answer = await post<{status?: {allowed?: boolean}}>(cluster, '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec});
	return answer?.status?.allowed;
}

async function post<T>(cluster: Pick<ClusterAccess, 'request'>, path: string, object: object): Promise<T | undefined> {
	try {
		const response = await cluster.request({method: 'POST', path, headers: {'Content-Type': 'application/json', Accept: 'application/json'}, body: JSON.stringify(object), timeoutMs: 5000});
		const body = await readText(response, 1024 * 1024);
		return response.status < 300 ? parsed<T>(body) : undefined;
	} catch {
		return undefined;
	}
}

/** `conditional`: some paths only, by AuthenticationConfiguration. */
export type AnonymousFacts = {anonymous: 'off' | 'all-paths' | 'conditional' | 'over-granted'; observed: string};

/** Three requests without any credentials: what answers tells whether anonymous requests are let in, and what they may do. */
export async function readAnonymous(cluster: Pick<ClusterAccess, 'anonymous'>): Promise<Outcome<AnonymousFacts>> {
	const where = 'GET /version, /healthz and /api without credentials';
	try {
		const version = await statusOf(cluster, '/version');
		const health = await statusOf(cluster, '/healthz');
		const api = await statusOf(cluster, '/api');
		const anonymous = anonymousFrom(version, health, api);
		return anonymous
			? {read: {source: 'anonymous-probe', where, process: null, connection: null, time: new Date().toISOString(), active: true, facts: {anonymous, observed: `/version ${version}, /healthz ${health}, /api ${api}`}}}
			: {closed: {source: 'anonymous-probe', where, because: 'no-answer', need: null}};
	} catch {
		return {closed: {source: 'anonymous-probe', where, because: 'no-answer', need: null}};
	}
}

/** @see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apiserver/pkg/authentication/request/anonymous/anonymous.go */
export function anonymousFrom(version: number, health: number, api: number): AnonymousFacts['anonymous'] | undefined {
	if (api === 200) {
		return 'over-granted';
	}

	if (api === 403) {
		return 'all-paths';
	}

	if (api === 401) {
		return version === 200 || health === 200 ? 'conditional' : version === 401 ? 'off' : undefined;
	}

	return undefined;
}

async function statusOf(cluster: Pick<ClusterAccess, 'anonymous'>, path: string): Promise<number> {
	const response = await cluster.anonymous({path, timeoutMs: 5000});
	response.body.resume();
	return response.status;
}
