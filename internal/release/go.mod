module github.com/jobmon-db/jobmon-db/internal/release

go 1.26.0

require (
	github.com/CycloneDX/cyclonedx-go v0.12.0
	github.com/google/uuid v1.6.0
	github.com/jobmon-db/jobmon-db v0.0.0
	github.com/tc-hib/winres v0.3.1
	golang.org/x/mod v0.42.0
)

require (
	github.com/nfnt/resize v0.0.0-20180221191011-83c6a9932646 // indirect
	golang.org/x/image v0.12.0 // indirect
)

replace github.com/jobmon-db/jobmon-db => ../../
