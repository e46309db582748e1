package command

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// detachedAttributes are the ways to start a process that is on its own, best first: an agent may keep what it starts
// in a job and end it together, and may not let anybody out.
func detachedAttributes() []*syscall.SysProcAttr {
	const flags = windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP
	return []*syscall.SysProcAttr{{CreationFlags: flags | windows.CREATE_BREAKAWAY_FROM_JOB}, {CreationFlags: flags}}
}
