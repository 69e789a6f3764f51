/** Validates the arguments of a forward without a cluster. */
import {parseTarget} from '../../targets/parse-target.ts';
import {parseListenAddresses} from './listen-address.ts';
import {parsePortSpec} from './port-spec.ts';

/** Without addresses it is localhost. @throws SpokeError ERR_USAGE for the first word that can mean nothing */
export function validateForward({
	target,
	ports,
	addresses,
}: {
	target: string;
	ports: readonly string[];
	addresses: readonly string[];
}): void {
	parseTarget(target);
	for (const port of ports) {
		parsePortSpec(port);
	}

	parseListenAddresses(addresses.length === 0 ? ['localhost'] : addresses);
}
