/** Request headers from kubeconfig values. */
import {SpokeError} from '../../errors/spoke-error.ts';
import {percentEncode} from '../../text/escaping.ts';
import type {UserEntry} from '../kubeconfig/kubeconfig-shape.ts';

export type RequestHeaders = Readonly<Record<string, string | readonly string[]>>;

/**
@see client-go transport/round_trippers.go (impersonatingRoundTripper)
@throws SpokeError ERR_KUBECONFIG_INVALID for a value that is invalid in a header
*/
export function impersonationHeaders(
	user: Pick<UserEntry, 'impersonate' | 'impersonateUid' | 'impersonateGroups' | 'impersonateUserExtra'>,
): RequestHeaders {
	if (user.impersonate === '') {
		return {};
	}

	const headers: Record<string, string | readonly string[]> = {
		'Impersonate-User': headerValue('Impersonate-User', user.impersonate),
		...(user.impersonateUid !== '' && {'Impersonate-Uid': headerValue('Impersonate-Uid', user.impersonateUid)}),
		...(user.impersonateGroups.length > 0 && {
			'Impersonate-Group': user.impersonateGroups.map(group => headerValue('Impersonate-Group', group)),
		}),
	};
	for (const [key, values] of user.impersonateUserExtra) {
		if (values.length > 0) {
			headers[`Impersonate-Extra-${escapeKey(key)}`] = values.map(value => headerValue('Impersonate-Extra', value));
		}
	}

	return headers;
}

/** Percent-encodes `%` and the bytes that are invalid in a header name. */
function escapeKey(key: string): string {
	return percentEncode(key, /[!#$&'*+\-.^\w`|~]/);
}

/**
Requests are written as Latin-1; this yields Go's UTF-8 bytes.
@throws SpokeError ERR_KUBECONFIG_INVALID for a control character or line break; the message does not contain `value`
*/
export function headerValue(name: string, value: string): string {
	if (/[^\t\u0020-\u007E\u0080-\u{10FFFF}]/u.test(value)) {
		throw new SpokeError(
			'ERR_KUBECONFIG_INVALID',
			`invalid header field value for "${name}": it contains a control character or a line break`,
			{
				remedy: 'check this user in the kubeconfig',
			},
		);
	}

	return Buffer.from(value, 'utf8').toString('latin1');
}
