module spoke/test/cluster/stern

go 1.26.0
