/** All kubeconfigs to read. */
import {firstRows, type KubeconfigRow} from './kubeconfig-row.ts';
import {serverRows} from './kubeconfig-server-rows.ts';
import {textRows} from './kubeconfig-text-rows.ts';

export const kubeconfigRows: readonly KubeconfigRow[] = [...firstRows, ...serverRows, ...textRows];
