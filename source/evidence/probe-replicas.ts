/** Reads further apiservers at their own addresses, only by consent and always verified. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {toSpokeError} from '../errors/spoke-error.ts';
import {identifyExamined} from './build-observations.ts';
import {observeConnection} from './connection-observations.ts';
import type {ConnectionObservations} from './evidence.ts';
import type {ApiserverExamination} from './examine-apiserver.ts';
import {advertisedAddress} from './rules/replicas.ts';
import {isVerifiedApiserver} from './rules/same-process.ts';

/** Most clusters have three or five. */
const maxReplicas = 16;

const timeoutMs = 2000;

/**
Sends credentials only to a server whose certificate is signed by the kubeconfig's CA and has the apiserver's own name. Dials none behind a
gateway or a proxy, or if leg 1 is not verified.
*/
export async function probeReplicas(
	examined: ApiserverExamination,
	cluster: ClusterClient,
	signal?: AbortSignal,
): Promise<ApiserverExamination> {
	const {own, others} = examined;
	const met = [own, ...others].flatMap(({flags}) => (flags ? [advertisedAddress(flags)] : []));
	const unmet = (examined.shared.replicas?.facts.addresses.known ?? []).filter(address => !met.includes(address));
	// If the flags of the first are forbidden, those of the others are, too.
	if (!own.flags || unmet.length === 0) {
		return examined;
	}

	const refused = refusalReason(examined, cluster);
	if (refused !== null) {
		return {...examined, unreachedAddresses: unmet.map(address => `${address}: not dialed, ${refused}`)};
	}

	const found = await Promise.all(unmet.slice(0, maxReplicas).map(async address => observeAt(cluster, address, signal)));
	const ids = new Set([own, ...others].map(({process}) => process?.facts.id));
	const newProcesses = found.filter(one => typeof one !== 'string').filter(({process}) => process === null || !ids.has(process.facts.id));
	return {...examined, others: [...others, ...newProcesses], unreachedAddresses: found.filter(one => typeof one === 'string')};
}

function refusalReason(examined: ApiserverExamination, cluster: ClusterClient): string | null {
	if (examined.connection.facts.proxy) {
		return 'your connection to the apiserver uses a proxy';
	}

	const serverIdentity = identifyExamined(cluster, examined, 'next-connection');
	// A server with the apiserver's certificate learns nothing new from credentials for it.
	return isVerifiedApiserver({serverIdentity, socket: examined.own.socket}) || serverIdentity.hasApiserverCertificate
		? null
		: 'it is not certain that an apiserver responds to you';
}

async function observeAt(
	cluster: ClusterClient,
	address: string,
	signal: AbortSignal | undefined,
): Promise<ConnectionObservations | string> {
	try {
		const connection = await cluster.connectAt(address, {timeoutMs, ...(signal ? {signal} : {})});
		try {
			const observations = await observeConnection(connection, {timeoutMs});
			return observations.flags ? {...observations, dialedAddress: address} : `${address}: its /flagz could not be read`;
		} finally {
			connection.close();
		}
	} catch (error) {
		return `${address}: ${toSpokeError(error).message}`;
	}
}
