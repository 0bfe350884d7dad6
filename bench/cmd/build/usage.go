package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what a command took, with all that it started.
type usage struct {
	CPU, Wall time.Duration
	Largest   int64 // the most memory that one process had, in octets
	All       int64 // the most that all had at once
}

// look is how often the memory of all processes is added up.
const look = 100 * time.Millisecond

// watch runs a command to its end.
func watch(cmd *exec.Cmd) (*usage, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // by which those are known that it starts
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	most := make(chan int64)
	go func() { most <- groupPeak(cmd.Process.Pid, ended) }()
	err := cmd.Wait()
	wall := time.Since(begin)
	close(ended)
	all := <-most
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", cmd, err, bytes.TrimSpace(out.Bytes()))
	}
	// Of wait4(2): what it started, and waited for, is in it. The largest is that
	// of this process at least, which is nothing beside a compiler.
	r := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return &usage{CPU: time.Duration(r.Utime.Nano() + r.Stime.Nano()), Wall: wall, Largest: r.Maxrss << 10, All: max(all, r.Maxrss<<10)}, nil
}

// groupPeak returns the most memory that a process group had at once, up to its
// end.
func groupPeak(group int, ended <-chan struct{}) int64 {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for most := int64(0); ; {
		select {
		case <-ended:
			return most
		case <-tick.C:
			most = max(most, groupRSS(group))
		}
	}
}

// groupRSS returns how much memory a process group has, in octets, as
// proc_pid_stat(5) tells it.
func groupRSS(group int) int64 {
	list, _ := filepath.Glob("/proc/[0-9]*/stat")
	var pages int64
	for _, name := range list {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		// The name of the program, in parentheses, may hold anything.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		const pgrp, rss = 5 - 3, 24 - 3
		if len(fields) <= rss || fields[pgrp] != strconv.Itoa(group) {
			continue
		}
		n, _ := strconv.ParseInt(fields[rss], 10, 64)
		pages += n
	}
	return pages * int64(os.Getpagesize())
}
