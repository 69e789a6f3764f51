/** The truth about leg 2, from the apiserver's flags and the node's certificate alone. spoke's claims are compared with it. */
import type {ExposureState, RouteState, StreamFeature, TlsState} from '../../../source/evidence/evidence.ts';
import type {ServingCertificate} from './node.ts';
import type {Egress, KubeletCa, Posture} from './postures.ts';

export type Truth = {
	tls: TlsState;
	/** Correct states of the route. Over http-connect two are: only agents' metrics show whether it is Konnectivity. */
	routes: readonly RouteState[];
	protocol: 'grpc' | 'http-connect' | null;
	exposure: Exclude<ExposureState, 'unknown'>;
	/** `--egress-selector-config-file` is set, whatever its content. */
	egressFile: boolean;
	/** The apiserver refuses the certificate of its egress proxy, so it sends nothing; the error has the words of a refused kubelet. */
	proxyRefused: boolean;
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
	const tls = endsAtKubelet ? kubeletTls(posture.kubeletCa, stream.serving) : proxyTls(stream.scheme);
	const route = routeOf(posture.egress);
	const proxyRefused = posture.egress === 'refused-proxy';
	// Verified or refused, or inside Konnectivity's TLS up to the node network. A supervisor dials all but kubelets directly.
	const isProtected = proxyRefused || tls === 'verified' || tls === 'refused' || route.routes.includes('konnectivity');
	return {
		tls,
		...route,
		exposure: isProtected ? 'protected' : 'exposed',
		egressFile: posture.egress !== 'none',
		proxyRefused,
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

		case 'http-connect':
		case 'http-connect-tcp': {
			return {routes: ['konnectivity', 'egress-http-connect'], protocol: 'http-connect'};
		}

		// Nothing is carried up to Konnectivity.
		case 'refused-proxy':
		case 'supervisor': {
			return {routes: ['egress-http-connect'], protocol: 'http-connect'};
		}

		default: {
			return {routes: ['direct'], protocol: null};
		}
	}
}
