#!/usr/bin/env bash
# Start-up script of a Compute Engine machine: goes on with all searches of a folder.
#
# Google runs it as root at every boot. It mounts the data disk, waits for the GPU driver, installs
# a systemd unit that runs `hprun resume --all` as an ordinary user, and exits. Doing that again
# changes nothing. `hprun hook gce` fills in the words between at signs; the script reads nothing
# from the machine's metadata.
set -euo pipefail

root=${HPRUN_ROOT:-} # '' on a machine; a folder to try the script in
name=@NAME@
user=@USER@
folder=@FOLDER@
hprun=@HPRUN@
disk=@DISK@         # '' if there is no data disk
mount_point=@MOUNT@ # where the data disk goes
gpu=@GPU@           # yes or no

say() {
    printf '%s: %s\n' "$name" "$*"
    logger -t "$name" -- "$*" || true
}

fail() {
    say "error: $*"
    exit 1
}

# wait_for TRIES PAUSE COMMAND…: bounded, since a machine that waits is paid for.
wait_for() {
    local left=$1 pause=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        ((--left > 0)) || return 1
        sleep "$pause"
    done
}

mount_disk() {
    local device=$root/dev/disk/by-id/google-$disk target=$root$mount_point status=0
    wait_for 60 1 test -e "$device" || fail "there is no disk named $disk on this machine"
    mkdir -p -- "$target"
    if mountpoint -q -- "$target"; then
        return
    fi
    blkid -- "$device" >/dev/null ||
        fail "the disk $disk is empty: format it once, as in \`sudo mkfs.ext4 $device\`"
    # -M leaves alone what is mounted elsewhere. Below 4, all errors that it found are repaired.
    timeout 600 fsck -M -a "$device" || status=$?
    ((status < 4)) || fail "fsck could not repair the disk $disk (status $status)"
    mount -o discard,noatime -- "$device" "$target" || fail "the disk $disk cannot be mounted"
    say "mounted the disk $disk at $mount_point"
}

# On a new boot disk, the owner of the folder may have no name yet.
make_user() {
    local number
    if id -u -- "$user" >/dev/null 2>&1; then
        return
    fi
    number=$(stat -c %u -- "$root$folder")
    ((number != 0)) || fail "there is no user $user, and $folder belongs to root"
    useradd --uid "$number" --create-home --shell /usr/sbin/nologin -- "$user" ||
        fail "there is no user $user, and it cannot be made"
    say "made the user $user, who owns $folder"
}

unit() {
    cat <<'END_OF_UNIT'
@UNIT@
END_OF_UNIT
}

# Written beside its place and moved there, so that it is whole or not there at all. Not by way of
# /tmp, which may be small or noexec.
install_unit() {
    local units=$root/etc/systemd/system target new
    target=$units/$name.service
    mkdir -p -- "$units"
    new=$(mktemp -- "$units/.$name.XXXXXX")
    unit >"$new"
    if cmp -s -- "$new" "$target"; then
        rm -f -- "$new"
        return
    fi
    chmod 644 -- "$new"
    mv -f -- "$new" "$target"
    systemctl daemon-reload
    say "installed $target"
}

if [[ -n $disk ]]; then
    mount_disk
fi
[[ -d $root$folder ]] || fail "there is no folder $folder"
[[ -x $root$hprun ]] || fail "there is no program $hprun: install hprun there"
make_user
if [[ $gpu == yes ]]; then
    # The unit asks again before it starts anything, and once more every 10 s.
    wait_for 120 5 timeout 20 nvidia-smi -L || say "the GPU driver does not answer yet"
fi
install_unit
systemctl enable --quiet "$name.service"
# The unit waits until this script is through, so this script must not wait for the unit.
systemctl start --no-block "$name.service"
say "started; see journalctl -u $name"
