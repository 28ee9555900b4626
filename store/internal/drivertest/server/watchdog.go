//go:build unix

package server

import (
	"fmt"
	"io"
	"os/exec"
	"syscall"
)

// watchdogScript ends when its input does, as it does with the process of the test: then the server that was named last, if
// any, ends with its children, and $1, its directory, goes after the command $2.
const watchdogScript = `
while read -r pid; do server=$pid; done
if [ -n "$server" ]; then
	kill -STOP "$server"
	children=$(ps -A -o pid=,ppid= | while read -r pid ppid; do [ "$ppid" != "$server" ] || echo "$pid"; done)
	kill -KILL "$server" $children
fi
cd "$1" && eval "$2"
cd / && rm -rf "$1" || { sleep 1; rm -rf "$1"; } # again, if a process that dies wrote a last file
`

// A watchdog ends a server when the test's process could not: after a panic, a timeout of the tests, or an interrupt.
type watchdog struct {
	cmd   *exec.Cmd
	input io.WriteCloser
}

func startWatchdog(dir, forget string) (*watchdog, error) {
	cmd := exec.Command("/bin/sh", "-c", watchdogScript, "watchdog", dir, forget)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt at the terminal is not for it
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	return &watchdog{cmd, input}, cmd.Start()
}

// guard makes it end this process, and no other any more.
func (w *watchdog) guard(pid int) error {
	_, err := fmt.Fprintln(w.input, pid)
	return err
}

// release makes it end nothing any more.
func (w *watchdog) release() error {
	_, err := fmt.Fprintln(w.input)
	return err
}

// close makes it do its work now, and waits for that.
func (w *watchdog) close() error {
	_ = w.input.Close() // Wait tells
	return w.cmd.Wait()
}
