/** Fields of Kubernetes objects that target selection reads. */

export type ObjectMeta = {
	name: string;
	namespace?: string;
	uid?: string;
	resourceVersion?: string;
	creationTimestamp?: string;
	deletionTimestamp?: string;
	finalizers?: readonly string[];
	labels?: Readonly<Record<string, string>>;
	annotations?: Readonly<Record<string, string>>;
	ownerReferences?: ReadonlyArray<{kind: string; name: string; uid: string; controller?: boolean}>;
};

export type ContainerPort = {name?: string; containerPort: number; protocol?: string};

export type ContainerSpec = {
	name: string;
	image?: string;
	ports?: readonly ContainerPort[];
	stdin?: boolean;
	tty?: boolean;
	/** Overrides the pod's policy (sidecars, and any container since 1.34). */
	restartPolicy?: string;
	restartPolicyRules?: readonly unknown[];
};

export type Termination = {
	exitCode: number;
	signal?: number;
	reason?: string;
	message?: string;
	startedAt?: string;
	finishedAt?: string;
	containerID?: string;
};

export type ContainerState = {
	waiting?: {reason?: string; message?: string};
	running?: {startedAt?: string};
	terminated?: Termination;
};

export type ContainerStatus = {
	name: string;
	containerID?: string;
	ready?: boolean;
	started?: boolean;
	restartCount?: number;
	state?: ContainerState;
	lastState?: ContainerState;
};

export type PodCondition = {type: string; status: string; lastTransitionTime?: string; reason?: string; message?: string};

export type PodObject = {
	metadata: ObjectMeta;
	spec: {
		nodeName?: string;
		restartPolicy?: string;
		containers: readonly ContainerSpec[];
		initContainers?: readonly ContainerSpec[];
		ephemeralContainers?: readonly ContainerSpec[];
	};
	status?: {
		phase?: string;
		reason?: string;
		message?: string;
		podIP?: string;
		hostIP?: string;
		conditions?: readonly PodCondition[];
		containerStatuses?: readonly ContainerStatus[];
		initContainerStatuses?: readonly ContainerStatus[];
		ephemeralContainerStatuses?: readonly ContainerStatus[];
	};
};

export type LabelSelector = {
	matchLabels?: Readonly<Record<string, string>>;
	matchExpressions?: ReadonlyArray<{key: string; operator: string; values?: readonly string[]}>;
};

export type WorkloadObject = {
	metadata: ObjectMeta;
	spec?: {selector?: LabelSelector};
	status?: {conditions?: readonly PodCondition[]};
};

/** Has no selector, only jobs. */
export type CronJobObject = {
	metadata: ObjectMeta;
	spec?: {schedule?: string; timeZone?: string; suspend?: boolean; concurrencyPolicy?: string};
	status?: {lastScheduleTime?: string; lastSuccessfulTime?: string; active?: ReadonlyArray<{name?: string}>};
};

export type ServicePort = {name?: string; port: number; targetPort?: number | string; protocol?: string};

export type ServiceObject = {
	metadata: ObjectMeta;
	spec?: {selector?: Readonly<Record<string, string>>; clusterIP?: string; ports?: readonly ServicePort[]};
};
