//go:build !windows

package instance

const stopDaemon = "systemctl stop jobmon-db"
