// Package server has database servers for tests of stores: real ones, no imitations.
//
// [Postgres], [MySQL] and [Redis] name a server that runs already and that others use too, so a test makes tables and keys
// of its own there. StartPostgres, StartMariaDB, StartRedis and StartRedisCluster start a private one from the programs that
// are installed. A test may kill it, pause it, and start it again on the same data; it ends with the test, and also with the
// test's process, however that ends. These need a unix with ps, and keep their data in TMPDIR, or else in /var/tmp. If root
// runs the tests, the accounts postgres and mysql run these servers, so they must be able to go there.
//
// A test that lacks a server or a program is skipped, and says what it lacks in one line. It fails instead if
// COUNTERSIGN_TEST_REQUIRED is set to anything, for machines that are meant to have them all.
package server
