/** The identity lease of the only apiserver, which excludes that a balancer's address is advertised. */
export const leasesPath = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';

export const oneApiserverLease = () => ({
	apiVersion: 'coordination.k8s.io/v1',
	kind: 'LeaseList',
	items: [{metadata: {name: 'apiserver-a'}, spec: {renewTime: new Date().toISOString(), leaseDurationSeconds: 3600}}],
});
