/** The truth about leg 2, from the apiserver's flags and the node's certificate alone. spoke's claims are compared with it. */
import type {RouteState, StreamFeature, TlsState} from '../../../source/evidence/evidence.ts';
import type {ServingCertificate} from './node.ts';
import type {Egress, KubeletCa, Posture} from './postures.ts';

export type Truth = {
	tls: TlsState;
	/** Correct states of the route. Over http-connect two are: only agents' metrics show whether it is Konnectivity. */
	routes: readonly RouteState[];
	protocol: 'grpc' | 'http-connect' | null;
	/** `--egress-selector-config-file` is set, whatever its content. */
	egressFile: boolean;
};

export type StreamFacts = {
	feature: StreamFeature;
	/** Of the stream's node. */
	serving: ServingCertificate;
	/** Of a proxy request; a kubelet port is always TLS. */
	scheme?: 'http' | 'https';
	kubeletPort?: boolean;
};

export function truthOf(posture: Pick<Posture, 'kubeletCa' | 'egress'>, stream: StreamFacts): Truth {
	const endsAtKubelet = stream.kubeletPort ?? ['logs', 'exec', 'attach', 'port-forward'].includes(stream.feature);
	return {
		tls: endsAtKubelet ? kubeletTls(posture.kubeletCa, stream.serving) : proxyTls(stream.scheme),
		...routeOf(posture.egress),
		egressFile: posture.egress !== 'none',
	};
}

function kubeletTls(kubeletCa: KubeletCa, serving: ServingCertificate): TlsState {
	// A kubelet without a certificate ends every handshake before it can be verified.
	if (serving === 'pending') {
		return 'unknown';
	}

	if (kubeletCa === 'off') {
		return 'unverified';
	}

	return kubeletCa === 'good' && serving === 'signed' ? 'verified' : 'refused';
}

/** The apiserver's proxy never verifies a pod, service or other port of a node. */
const proxyTls = (scheme: 'http' | 'https' = 'http'): TlsState => (scheme === 'https' ? 'unverified' : 'plain');

function routeOf(egress: Egress): Pick<Truth, 'routes' | 'protocol'> {
	switch (egress) {
		case 'grpc': {
			return {routes: ['konnectivity'], protocol: 'grpc'};
		}

		case 'http-connect': {
			return {routes: ['konnectivity', 'egress-http-connect'], protocol: 'http-connect'};
		}

		default: {
			return {routes: ['direct'], protocol: null};
		}
	}
}
