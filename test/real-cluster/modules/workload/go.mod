module spoke/test/cluster/workload

go 1.26.0
