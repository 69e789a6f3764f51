/** Upgrades that open a remote command, one per carrier and channel version. */
export type CommandUpgrade = {
	carrier: 'websocket' | 'spdy';
	method: 'GET' | 'POST';
	/** `Upgrade` of the request. */
	header: 'websocket' | 'SPDY/3.1';
	protocol: string;
};

const websocketV5: CommandUpgrade = {carrier: 'websocket', method: 'GET', header: 'websocket', protocol: 'v5.channel.k8s.io'};
const spdyV4: CommandUpgrade = {carrier: 'spdy', method: 'POST', header: 'SPDY/3.1', protocol: 'v4.channel.k8s.io'};
const websocketV4: CommandUpgrade = {...websocketV5, protocol: 'v4.channel.k8s.io'};

/**
SPDY is for users with only `create`, clusters before 1.30 and proxies that strip WebSockets. WebSocket v4 cannot end stdin.
`KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false` leaves only SPDY, as in kubectl before 1.38.
*/
export function commandUpgrades({stdin, tty}: {stdin: boolean; tty: boolean}, environment: NodeJS.ProcessEnv): readonly CommandUpgrade[] {
	if (environment['KUBECTL_REMOTE_COMMAND_WEBSOCKETS'] === 'false') {
		return [spdyV4];
	}

	return stdin && !tty ? [websocketV5, spdyV4] : [websocketV5, spdyV4, websocketV4];
}
