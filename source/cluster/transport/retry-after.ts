/** Retry-After of a response. */
import type {ApiResponse} from '../connection.ts';

/** As client-go. @see k8s.io/client-go rest/with_retry.go */
export const maxRetries = 10;
/** A request that should wait longer fails. */
export const maxRetryAfterMs = 60_000;

/** `null` unless the failure is temporary and the header has seconds. */
export function retryAfterMs({status, headers}: Pick<ApiResponse, 'status' | 'headers'>): number | null {
	const isTemporary = status === 429 || status >= 500;
	const seconds = headers['retry-after'];
	return isTemporary && seconds !== undefined && /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1000 : null;
}
