/** Who wrote the text of a failed log read. Recorded on Kubernetes 1.36.3; the redirects are from its own LocationStreamer. */
import test from 'ava';
import {explainMessage} from '../../source/server-messages/explain-message.ts';
import {messageAuthor} from '../../source/server-messages/message-author.ts';

const request = {namespace: 'default', pod: 'web', container: 'c', addresses: ['10.0.0.5:10250', 'n1:10250']};
const url = 'https://10.0.0.5:10250/containerLogs/default/web/c';
const expired =
	'tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-12-02T09:00:00Z is after 2026-12-01T00:00:00Z';
const unknownAuthority = 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
const status = (message: string, more: object = {}) => JSON.stringify({kind: 'Status', status: 'Failure', message, code: 500, ...more});

const own: readonly string[] = [
	`Get "${url}": ${unknownAuthority}`,
	`Get "${url}?follow=true&tailLines=10": ${expired}`,
	`Get "${url}?limitBytes=1&sinceTime=2026-12-01T00%3A00%3A00Z&tailLines=1": No agent available`,
	`Get "https://n1:10250/containerLogs/default/web/c?limitBytes=1&tailLines=1": ${unknownAuthority}`,
];

/** What a kubelet makes the apiserver send, and what it can send itself. */
const forged: readonly string[] = [
	// A redirect: Go prints the Location, quoted, and ends in its own words.
	status(`Get "${url}?\\": ${expired}": redirects forbidden`),
	status(`Get "${url}\\": ${unknownAuthority}": redirects forbidden`),
	status(`Get "${url}?\\": proxy error from A while dialing B, code 502: x": redirects forbidden`),
	status(`Get "${url}": redirects forbidden`),
	// A response of the kubelet with other codes, details or without a Status.
	status(`Get "${url}": ${unknownAuthority}`, {code: 502}),
	status(`Get "${url}": ${unknownAuthority}`, {details: {kind: 'pods/log'}}),
	`Get "${url}": ${unknownAuthority}`,
	status(`an error on the server ("Get \\"${url}\\": ${unknownAuthority}") has prevented the request from succeeding ( pods/log web)`),
	// Another request than this one.
	status(`Get "https://10.0.0.6:10250/containerLogs/default/web/c": ${unknownAuthority}`),
	status(`Get "https://10.0.0.5:10250/containerLogs/default/web/other": ${unknownAuthority}`),
	status(`Get "https://10.0.0.5:10250/containerLogs/default/web/c/x": ${unknownAuthority}`),
	status(`Get "${url}?other=1": ${unknownAuthority}`),
	status(`Post "${url}": ${unknownAuthority}`),
	status(`error dialing backend: ${unknownAuthority}`),
];

test('a text equal to what the request must make the apiserver say is the apiserver’s', t => {
	for (const message of own) {
		t.is(messageAuthor(status(message), request), 'apiserver', message);
	}
});

test('any other text can be anyone’s', t => {
	for (const text of forged) {
		t.is(messageAuthor(text, request), 'anyone', text);
	}

	t.is(messageAuthor(status(own[0]!), null), 'anyone', 'nothing is known of the request');
	t.is(messageAuthor(status(own[0]!), {...request, addresses: []}), 'anyone', 'the node has no address');
	for (const text of forged.filter(one => !one.includes('10.0.0.6'))) {
		t.is(messageAuthor(text, {...request, addresses: null}), 'anyone', `the node was not read: ${text}`);
	}
});

test('a redirect in the words of a refused certificate is not explained as one', t => {
	for (const text of forged.slice(0, 4)) {
		t.is(explainMessage(text, {status: 500}), null, text);
	}
});
