/** A fault or a bad input, and how it is measured on a program. */
import type {Cluster} from '../../real-cluster/support/cluster.ts';
import type {ScriptedPeer} from '../../support/scripted-peer.ts';
import type {TcpCutter} from '../../support/tcp-cutter.ts';
import type {Program} from './programs.ts';

export type Ground = {
	peer: ScriptedPeer;
	/** A running lab, where one is named. */
	lab: Cluster | null;
	/** A kubeconfig for the peer behind a stretch of network that breaks on demand. */
	behindCutter(): Promise<{kubeconfig: string; cutter: TcpCutter}>;
	/** A kubeconfig for a plain server. */
	kubeconfigFor(url: string, more?: object): Promise<string>;
	folder: string;
};

export type Measured = {text: string; asExpected: boolean};

export type MeasuredRow = {
	row: string;
	expected: string;
	/** Against what. */
	against: string;
	measure: (program: Program, ground: Ground) => Promise<Measured>;
	needsLab?: boolean;
	/** It waits more than it works, and so is measured beside the others. */
	waits?: boolean;
};

export function measured(asExpected: boolean, text: string): Measured {
	return {asExpected, text};
}
