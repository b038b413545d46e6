package sysinfo

// Document is sysInfo version 1, the report that edgegauge's own reporter
// sends and that the built-in mapping understands, as a Go value. Its JSON
// form is what travels through KubeEdge.
//
// A nil pointer or an empty slice is a quantity the reporter could not read:
// it is left out of the JSON and yields no sample. All sizes are bytes, all
// durations and times seconds (times since the Unix epoch), all ratios lie
// between 0 and 1; quantities named …Total only grow until the node reboots.
type Document struct {
	// Timestamp is when the values were read, by the node's own clock.
	Timestamp float64 `json:"timestamp,omitempty"`
	// IntervalSeconds is the time until the reporter's next report.
	IntervalSeconds float64 `json:"intervalSeconds,omitempty"`

	Host         *Host         `json:"host,omitempty"`
	CPU          *CPU          `json:"cpu,omitempty"`
	Memory       *Memory       `json:"memory,omitempty"`
	Filesystems  []Filesystem  `json:"filesystems,omitempty"`
	Disks        []Disk        `json:"disks,omitempty"`
	Networks     []Network     `json:"networks,omitempty"`
	Temperatures []Temperature `json:"temperatures,omitempty"`
	GPUs         []GPU         `json:"gpus,omitempty"`
	Processes    *Processes    `json:"processes,omitempty"`
	Containers   *Containers   `json:"containers,omitempty"`

	// These came after the first release: an older reporter does not send
	// them, and an older cloud passes over them.
	PowerSupplies []PowerSupply `json:"powerSupplies,omitempty"`
	Throttling    *Throttling   `json:"throttling,omitempty"`
	Watchdogs     []Watchdog    `json:"watchdogs,omitempty"`
	Clock         *Clock        `json:"clock,omitempty"`

	Custom []Custom `json:"custom,omitempty"`
}

// Host says what the node runs.
type Host struct {
	OS              string   `json:"os,omitempty"`      // as runtime.GOOS: "linux"
	OSImage         string   `json:"osImage,omitempty"` // PRETTY_NAME of os-release(5)
	Kernel          string   `json:"kernel,omitempty"`  // uname -r
	Arch            string   `json:"arch,omitempty"`    // as runtime.GOARCH: "arm64"
	EdgecoreVersion string   `json:"edgecoreVersion,omitempty"`
	BootTime        *float64 `json:"bootTime,omitempty"`
}

// CPU is the use of all processors together.
type CPU struct {
	Count      *uint64  `json:"count,omitempty"`      // logical processors
	UsageRatio *float64 `json:"usageRatio,omitempty"` // busy share of all processors since the report before
	Load1      *float64 `json:"load1,omitempty"`
	Load5      *float64 `json:"load5,omitempty"`
	Load15     *float64 `json:"load15,omitempty"`
	// SecondsTotal is the time spent in each mode of proc(5)'s cpu line
	// (user, nice, system, idle, iowait, irq, softirq, steal), summed over
	// the processors.
	SecondsTotal map[string]float64 `json:"secondsTotal,omitempty"`
}

// Memory is main memory and swap space.
type Memory struct {
	TotalBytes     *uint64 `json:"totalBytes,omitempty"`
	AvailableBytes *uint64 `json:"availableBytes,omitempty"`
	SwapTotalBytes *uint64 `json:"swapTotalBytes,omitempty"`
	SwapFreeBytes  *uint64 `json:"swapFreeBytes,omitempty"`
}

// Filesystem is one mounted file system.
type Filesystem struct {
	Device     string  `json:"device"`
	Mountpoint string  `json:"mountpoint"`
	FSType     string  `json:"fstype"`
	SizeBytes  *uint64 `json:"sizeBytes,omitempty"`
	AvailBytes *uint64 `json:"availBytes,omitempty"` // for unprivileged users
	Files      *uint64 `json:"files,omitempty"`      // inodes
	FilesFree  *uint64 `json:"filesFree,omitempty"`
	// ReadOnly tells that nothing can be written: mounted so, or remounted
	// by the kernel after errors.
	ReadOnly *bool `json:"readOnly,omitempty"`
	// DeviceError tells that the file system answers with an error instead
	// of its size.
	DeviceError *bool `json:"deviceError,omitempty"`
}

// Disk is the input and output of one block device.
type Disk struct {
	Device             string   `json:"device"`
	ReadBytesTotal     *uint64  `json:"readBytesTotal,omitempty"`
	WrittenBytesTotal  *uint64  `json:"writtenBytesTotal,omitempty"`
	IOTimeSecondsTotal *float64 `json:"ioTimeSecondsTotal,omitempty"`
	// LifeUsedRatio is the used share of an eMMC's life, in steps of a tenth.
	LifeUsedRatio *float64 `json:"lifeUsedRatio,omitempty"`
	// PreEOL is what an eMMC says of its reserved blocks: 1 is normal, 2 a
	// warning (80 % used), 3 urgent (90 % used).
	PreEOL *uint64 `json:"preEol,omitempty"`
}

// Network is one network interface.
type Network struct {
	Device               string  `json:"device"`
	Up                   *bool   `json:"up,omitempty"`         // operational state
	SpeedBytes           *uint64 `json:"speedBytes,omitempty"` // per second
	ReceiveBytesTotal    *uint64 `json:"receiveBytesTotal,omitempty"`
	TransmitBytesTotal   *uint64 `json:"transmitBytesTotal,omitempty"`
	ReceivePacketsTotal  *uint64 `json:"receivePacketsTotal,omitempty"`
	TransmitPacketsTotal *uint64 `json:"transmitPacketsTotal,omitempty"`
	ReceiveErrorsTotal   *uint64 `json:"receiveErrorsTotal,omitempty"`
	TransmitErrorsTotal  *uint64 `json:"transmitErrorsTotal,omitempty"`
	ReceiveDropsTotal    *uint64 `json:"receiveDropsTotal,omitempty"`
	TransmitDropsTotal   *uint64 `json:"transmitDropsTotal,omitempty"`
}

// Temperature is one sensor's reading.
type Temperature struct {
	Sensor  string   `json:"sensor"`
	Celsius *float64 `json:"celsius,omitempty"`
}

// GPU is one graphics or compute processor.
type GPU struct {
	GPU              string   `json:"gpu"` // index or name, unique on the node
	Model            string   `json:"model,omitempty"`
	UtilizationRatio *float64 `json:"utilizationRatio,omitempty"`
	MemoryUsedBytes  *uint64  `json:"memoryUsedBytes,omitempty"`
	MemoryTotalBytes *uint64  `json:"memoryTotalBytes,omitempty"`
	Celsius          *float64 `json:"celsius,omitempty"`
}

// Processes counts the node's processes.
type Processes struct {
	Count *uint64 `json:"count,omitempty"`
}

// Containers counts the node's containers.
type Containers struct {
	Running *uint64 `json:"running,omitempty"`
}

// PowerSupply is one battery, mains adapter or other source of power.
type PowerSupply struct {
	Supply      string   `json:"supply"`
	Type        string   `json:"type,omitempty"`        // "Battery", "Mains", "USB", "UPS"
	Online      *bool    `json:"online,omitempty"`      // whether it feeds the node
	Discharging *bool    `json:"discharging,omitempty"` // of a battery
	ChargeRatio *float64 `json:"chargeRatio,omitempty"` // of a battery
	Volts       *float64 `json:"volts,omitempty"`
}

// Throttling is what holds the processors back, as the firmware of the board
// says now.
type Throttling struct {
	Undervoltage     *bool `json:"undervoltage,omitempty"`
	Throttled        *bool `json:"throttled,omitempty"`
	FrequencyCapped  *bool `json:"frequencyCapped,omitempty"`
	TemperatureLimit *bool `json:"temperatureLimit,omitempty"`
}

// Watchdog is one hardware watchdog.
type Watchdog struct {
	Watchdog       string   `json:"watchdog"`
	Identity       string   `json:"identity,omitempty"` // the driver's name for it
	Active         *bool    `json:"active,omitempty"`
	TimeoutSeconds *float64 `json:"timeoutSeconds,omitempty"`
	CausedReset    *bool    `json:"causedReset,omitempty"` // of the last boot
}

// Clock is the state of the node's clock.
type Clock struct {
	Synchronized  *bool    `json:"synchronized,omitempty"`
	OffsetSeconds *float64 `json:"offsetSeconds,omitempty"` // that the kernel is working off
	RTC           *bool    `json:"rtc,omitempty"`           // whether a battery-backed clock is there
}

// Custom is one reading of the node's owner: a battery, a PLC, a counter of
// an application. It becomes edge_node_custom{name="…",<labels>}.
type Custom struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels,omitempty"` // names in the classic character set
	Value  *float64          `json:"value"`
}

// Ptr returns a pointer to v, for the optional fields of a Document.
func Ptr[T any](v T) *T { return &v }
