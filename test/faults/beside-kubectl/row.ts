/** A fault or a bad input, and its measurement on a program. */
import type {Cluster} from '../../real-cluster/support/cluster.ts';
import type {ScriptedPeer} from '../../support/scripted-peer.ts';
import type {TcpCutter} from '../../support/tcp-cutter.ts';
import type {Program} from './programs.ts';

export type Fixture = {
	peer: ScriptedPeer;
	/** The real test cluster that SPOKE_LAB names, if it runs. */
	lab: Cluster | null;
	/** A kubeconfig for the peer, through a TCP relay that fails on demand. */
	throughCutter(): Promise<{kubeconfig: string; cutter: TcpCutter}>;
	/** A kubeconfig for a server at `url`, without the relay. */
	kubeconfigFor(url: string, more?: object): Promise<string>;
	folder: string;
};

export type Measured = {text: string; asExpected: boolean};

export type MeasuredRow = {
	row: string;
	expected: string;
	/** The server that the program talks to. */
	against: string;
	measure: (program: Program, fixture: Fixture) => Promise<Measured>;
	needsLab?: boolean;
	/** Mostly waits, and so is measured at the same time as the others. */
	waits?: boolean;
};

export function measured(asExpected: boolean, text: string): Measured {
	return {asExpected, text};
}
