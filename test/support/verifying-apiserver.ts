/** What evidence reads of an apiserver that verifies kubelets: a test has one answer missing, or another apiserver say otherwise. */
import {type ByHand, refuse, reply} from './api-server.ts';

export const leasesPath = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';

/** By path. `null` is a 403, and what is missing a 404. */
export type AnswersByPath = Readonly<Record<string, object | null | undefined>>;

/** `address`: IPv4 and port that it advertises. `flags`: more of them. */
export function verifyingApiserver(ca: string, address: string, flags: Readonly<Record<string, string>> = {}): AnswersByPath {
	const [host, port] = address.split(':');
	return {
		'/flagz': {
			kind: 'Flagz',
			flags: {
				'kubelet-certificate-authority': '/ca.pem',
				'egress-selector-config-file': '',
				'advertise-address': host,
				'secure-port': port,
				'bind-address': '0.0.0.0',
				'requestheader-client-ca-file': '',
				...flags,
			},
		},
		'/statusz': {kind: 'Statusz', startTime: '2026-11-24T10:00:00Z', binaryVersion: '1.36.3'},
		'/version': {major: '1', minor: '36', gitVersion: 'v1.36.3'},
		[leasesPath]: apiserverLeases(address),
		'/api/v1/namespaces/default/configmaps/kube-root-ca.crt': {kind: 'ConfigMap', data: {'ca.crt': ca}},
		'/api/v1/namespaces/default/pods/web': {
			apiVersion: 'v1',
			kind: 'Pod',
			metadata: {name: 'web', namespace: 'default', uid: 'u'},
			spec: {nodeName: 'n1', containers: [{name: 'a'}]},
			status: {phase: 'Running'},
		},
	};
}

/** The identity leases of apiservers, by address; without one, the lease has none. They exclude that a balancer's is advertised. */
export function apiserverLeases(...addresses: readonly string[]): object {
	return {
		apiVersion: 'coordination.k8s.io/v1',
		kind: 'LeaseList',
		items: (addresses.length > 0 ? addresses : [undefined]).map((address, index) => ({
			metadata: {
				name: `apiserver-${index}`,
				creationTimestamp: '2026-11-24T10:00:01Z',
				...(address !== undefined && {annotations: {'kubernetes.io/peer-advertise-address': address}}),
			},
			spec: {renewTime: new Date().toISOString(), leaseDurationSeconds: 3600},
		})),
	};
}

export function answerByPath(answersOf: (request: Parameters<ByHand>[0]) => AnswersByPath): ByHand {
	return (request, response, query) => {
		const answer = answersOf(request)[request.url!.split('?')[0]!];
		request.resume();
		(answer ? reply(200, answer) : refuse(answer === null ? 403 : 404, ''))(request, response, query);
	};
}
