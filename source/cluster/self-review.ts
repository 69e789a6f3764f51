/** Self reviews of identity and permissions. */
import {isSpokeError} from '../base/errors/spoke-error.ts';
import type {ClusterClient} from './cluster-client.ts';
import type {CheckedObject} from './object-shapes.ts';

/** A resource, or with `path` a URL such as `/flagz`. */
export type AccessReview =
	{verb: string; group?: string; resource: string; subresource?: string; namespace?: string; name?: string} | {verb: string; path: string};

export type AccessReviewResult = {allowed: boolean; reason: string};

/** Posts a SelfSubjectAccessReview; `null` when the review itself is forbidden or not served. */
export async function reviewAccess(
	cluster: Pick<ClusterClient, 'json'>,
	attributes: AccessReview,
	signal?: AbortSignal,
): Promise<AccessReviewResult | null> {
	const spec = 'path' in attributes ? {nonResourceAttributes: attributes} : {resourceAttributes: attributes};
	const review = (await postSelfReview(
		cluster,
		'authorization.k8s.io/v1',
		'SelfSubjectAccessReview',
		{spec},
		signal,
	)) as CheckedObject<'selfsubjectaccessreviews'> | null;
	return review?.status ? {allowed: review.status.allowed === true, reason: review.status.reason ?? ''} : null;
}

export type SelfSubject = {user: string; groups: readonly string[]};

/** As `kubectl auth whoami` (since 1.28); `null` when not available. */
export async function readSelfSubject(cluster: Pick<ClusterClient, 'json'>, signal?: AbortSignal): Promise<SelfSubject | null> {
	const review = (await postSelfReview(
		cluster,
		'authentication.k8s.io/v1',
		'SelfSubjectReview',
		{},
		signal,
	)) as CheckedObject<'selfsubjectreviews'> | null;
	const userInfo = review?.status?.userInfo;
	return userInfo?.username === undefined ? null : {user: userInfo.username, groups: userInfo.groups ?? []};
}

const selfSubjectReview = selfReviewRequest('authentication.k8s.io/v1', 'SelfSubjectReview', {});

/** As `Connection.pipelined` takes it. */
export const pipelinedSelfSubjectReview = {path: selfSubjectReview.path, review: selfSubjectReview.body};

function selfReviewRequest(apiVersion: string, kind: string, fields: Record<string, unknown>) {
	return {
		method: 'POST',
		path: `/apis/${apiVersion}/${kind.toLowerCase()}s`,
		headers: {'content-type': 'application/json'},
		body: JSON.stringify({apiVersion, kind, metadata: {}, ...fields}),
	};
}

async function postSelfReview(
	cluster: Pick<ClusterClient, 'json'>,
	apiVersion: string,
	kind: string,
	fields: Record<string, unknown>,
	signal?: AbortSignal,
): Promise<unknown> {
	try {
		return await cluster.json({...selfReviewRequest(apiVersion, kind, fields), ...(signal && {signal})});
	} catch (error) {
		if (isSpokeError(error) && (error.code === 'ERR_FORBIDDEN' || error.code === 'ERR_NOT_FOUND')) {
			return null;
		}

		throw error;
	}
}
