//go:build !windows

package command

import "syscall"

// detachedAttributes are the ways to start a process that is on its own.
func detachedAttributes() []*syscall.SysProcAttr { return []*syscall.SysProcAttr{{Setsid: true}} }
