package instance

const stopDaemon = "jobmon-db service stop"
