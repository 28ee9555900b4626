//go:build unix

package server

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// patience is how long a process may take to come up, to stop or to go. Only one that hangs takes as long.
const patience = time.Minute

// A process is a program that runs, with all that it has started.
type process struct {
	cmd  *exec.Cmd
	log  *tail
	gone chan struct{} // closed when nothing of it is left
}

// startProcess runs cmd, which writes mark to its log once it is ready.
func startProcess(cmd *exec.Cmd, mark string) (*process, error) {
	p := &process{cmd: cmd, log: newTail(mark), gone: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.log, p.log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		// The log ends when the last process that could write to it does. Thus Wait waits for the children too.
		_ = cmd.Wait()
		close(p.gone)
	}()
	return p, nil
}

// awaitReady waits for the log to say so. The log is that of this process alone, so another server on its port cannot be
// taken for it.
func (p *process) awaitReady() error {
	select {
	case <-p.log.ready:
		return nil
	case <-p.gone:
		return fmt.Errorf("it ended: %v", p.cmd.ProcessState)
	case <-time.After(patience):
		return errors.New("it takes too long")
	}
}

// pause stops all processes, and returns who they are once they have stopped.
func (p *process) pause() ([]int, error) {
	deadline := time.Now().Add(patience)
	for rounds := 0; ; {
		pids, running, err := family(p.cmd.Process.Pid)
		if err != nil {
			return nil, err
		}
		if len(running) > 0 {
			rounds = 0
			signal(running, syscall.SIGSTOP)
		} else if rounds++; rounds == 2 {
			return pids, nil // the first round may have missed a child made just before its parent stopped
		}
		if time.Now().After(deadline) {
			return pids, fmt.Errorf("processes %v do not stop", running)
		}
	}
}

// resume lets all processes go on.
func (p *process) resume() error {
	pids, _, err := family(p.cmd.Process.Pid)
	signal(pids, syscall.SIGCONT)
	return err
}

// kill ends all processes, also paused ones, and waits until they are gone. They are stopped first, as children of a parent
// that is gone cannot be found any more.
func (p *process) kill() error {
	pids, err := p.pause()
	signal(pids, syscall.SIGKILL)
	_ = p.cmd.Process.Kill() // again, for the case that there is no list; an error says that it is gone
	select {
	case <-p.gone:
		return err
	case <-time.After(patience):
		return errors.Join(err, fmt.Errorf("process %d or a child of it does not end", p.cmd.Process.Pid))
	}
}

// signal sends s to each. One that ended in between is what Kill reports, and no mistake.
func signal(pids []int, s syscall.Signal) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, s)
	}
}

// family returns the process and its children, and which of them run. A process group would not do: each child of
// PostgreSQL leads one of its own.
func family(parent int) (all, running []int, err error) {
	list, err := exec.Command("ps", "-A", "-o", "pid=,ppid=,stat=").Output()
	if err != nil {
		return nil, nil, fmt.Errorf("list of processes: %w", err)
	}
	for line := range strings.Lines(string(list)) {
		var pid, ppid int
		var state string
		if _, err = fmt.Sscan(line, &pid, &ppid, &state); err != nil {
			return nil, nil, fmt.Errorf("list of processes: line %q: %w", line, err)
		}
		if (pid != parent && ppid != parent) || strings.HasPrefix(state, "Z") {
			continue
		}
		all = append(all, pid)
		if !strings.HasPrefix(state, "T") {
			running = append(running, pid)
		}
	}
	return all, running, nil
}
