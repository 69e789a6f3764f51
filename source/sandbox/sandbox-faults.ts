/** Faults that happen once. */
import {apiTime} from './objects/kube-object.ts';
import type {PodRuntime} from './kubelet/pod-runtime.ts';
import type {PodName, Sandbox} from './sandbox.ts';
import type {SandboxParts} from './sandbox-parts.ts';

/** @throws Error for a pod that is not in the sandbox */
export function createFaults({store, link, kubelets, controlPlane, emit}: SandboxParts): Sandbox['faults'] {
	const runtimeOf = ({namespace = 'default', name}: PodName): PodRuntime => {
		const found = kubelets.map(kubelet => kubelet.pod(namespace, name)).find(pod => pod !== undefined);
		if (!found) {
			throw new Error(`no pod ${namespace}/${name} in this sandbox`);
		}

		return found;
	};

	return {
		cut() {
			link.disconnect();
			emit('connections to the apiserver were reset');
		},
		cutSecondLeg() {
			for (const kubelet of kubelets) {
				kubelet.cutConnections();
			}

			emit('connections to the kubelets were reset');
		},
		async restartApiserver(down) {
			await controlPlane.restart({}, down);
			emit('the apiserver was restarted');
		},
		rotateLogs(pod) {
			const runtimes = pod ? [runtimeOf(pod)] : kubelets.flatMap(kubelet => kubelet.runtimes);
			for (const container of runtimes.flatMap(runtime => runtime.containers)) {
				container.log.rotate();
			}

			emit('logs were rotated');
		},
		replacePod({namespace = 'default', name}) {
			store.update('pods', namespace, name, pod => {
				pod.metadata.deletionTimestamp ??= apiTime();
			});
			emit(`pod ${name} is being replaced`);
		},
		restartContainers(pod, container) {
			runtimeOf(pod).restart(container);
			emit(`containers of ${pod.name} were stopped`);
		},
		rollOut({namespace = 'default', name}) {
			store.update('deployments', namespace, name, deployment => {
				const {metadata} = deployment['spec'].template;
				metadata.annotations = {...metadata.annotations, 'kubectl.kubernetes.io/restartedAt': new Date().toISOString()};
				deployment.metadata.generation = (deployment.metadata.generation ?? 1) + 1;
			});
			emit(`deployment ${name} rolls out`);
		},
		compact() {
			store.compact();
			emit('the watch history was compacted');
		},
	};
}
