package drivertest_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/countersign-go/countersign/store/sqlstore"
)

// jobVariable names the job of a process that a test has started from its own program.
const jobVariable = "COUNTERSIGN_TEST_JOB"

// jobs are what such a process can do. It begins when it was sent a line, so that several begin at once; what it returns is
// its last line.
var jobs = map[string]func(j *job) (string, error){
	"migrate": func(j *job) (string, error) {
		return "migrated", sqlstore.Migrate(j.ctx, j.db, j.dialect, j.opts)
	},
	"ring":     ringJob,
	"refresh":  refreshJob,
	"register": registerJob,
	"consume":  consumeJob,
	"attempt":  attemptJob,
}

// A job is what a process works with: a pool or a client of its own, and lines from and to the test.
type job struct {
	ctx     context.Context
	db      *sql.DB
	dialect sqlstore.Dialect
	opts    *sqlstore.Options
	redis   *redis.Client
	in      *bufio.Scanner
}

// doJob does what the process was started for, on the tables that its first line names.
func doJob(do func(*job) (string, error)) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	j := &job{ctx: ctx, in: bufio.NewScanner(os.Stdin)}
	var driver, prefix, dsn string
	if _, err := fmt.Sscan(j.line(), &driver, &j.dialect, &prefix, &dsn); err != nil {
		return err
	}
	j.opts = &sqlstore.Options{Prefix: prefix}
	if err := j.open(driver, dsn); err != nil {
		return err
	}
	defer j.close()
	j.say("ready")
	j.line()
	answer, err := do(j)
	if err == nil {
		j.say(answer)
	}
	return err
}

// open connects to a database, or to Redis if that is the driver.
func (j *job) open(driver, dsn string) error {
	if driver != redisDriver {
		db, err := sql.Open(driver, dsn)
		if err == nil {
			db.SetMaxIdleConns(callers)
		}
		j.db = db
		return err
	}
	opts, err := redis.ParseURL(dsn)
	if err != nil {
		return err
	}
	opts.ContextTimeoutEnabled = true
	j.redis = redis.NewClient(opts)
	return nil
}

func (j *job) close() error {
	if j.redis != nil {
		return j.redis.Close()
	}
	return j.db.Close()
}

// line returns the next line from the test, empty if there is none.
func (j *job) line() string {
	j.in.Scan()
	return j.in.Text()
}

func (j *job) say(line string) { fmt.Println(line) }

// A process is one that does a job.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Scanner
	errors strings.Builder
}

// redisDriver stands for Redis in the first line that a process is sent.
const redisDriver = "redis"

// place returns the first line that a process is sent, which tells where the tables are.
func (d *database) place() string {
	return fmt.Sprintf("%s %d %s %s", d.driver, int(d.dialect), d.opts.Prefix, d.at)
}

// startJobs starts n processes, and returns when all are ready to begin. They end with the test at the latest.
func startJobs(t testing.TB, name string, n int, place string) []*process {
	t.Helper()
	all := make([]*process, n)
	for i := range all {
		p := &process{t: t, cmd: exec.CommandContext(within(t, 2*patience), os.Args[0])}
		p.cmd.Env = append(os.Environ(), jobVariable+"="+name)
		p.cmd.Stderr = &p.errors
		p.cmd.WaitDelay = time.Second
		in, err := p.cmd.StdinPipe()
		must(t, err)
		out, err := p.cmd.StdoutPipe()
		must(t, errors.Join(err, p.cmd.Start()))
		p.in, p.out = in, bufio.NewScanner(out)
		all[i] = p
		p.say(place)
	}
	for _, p := range all {
		check(t, "first line of a process", p.line(), "ready")
	}
	return all
}

// say sends a line to the process.
func (p *process) say(line string) {
	p.t.Helper()
	_, err := fmt.Fprintln(p.in, line)
	must(p.t, err)
}

// line returns the next line that the process writes.
func (p *process) line() string {
	p.t.Helper()
	if !p.out.Scan() {
		p.t.Fatalf("a process ended: %v\n%s", p.cmd.Wait(), &p.errors)
	}
	return p.out.Text()
}

// end lets the process end and checks that it did well.
func (p *process) end() {
	p.t.Helper()
	p.in.Close()
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("a process: %v\n%s", err, &p.errors)
	}
}
