//! Shared memory between the images process and one pixel process.
//!
//! The images process creates a file in memory for each direction, of a fixed size that takes no memory until it is
//! written. It reads and writes the files. The pixel process maps its input, and writes its output to the other file.

use std::{
    fs::File,
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{AsFd, AsRawFd, OwnedFd},
};

use rustix::{
    fs::{
        FallocateFlags, MemfdFlags, SealFlags, fallocate, fcntl_add_seals, fstat, ftruncate,
        memfd_create,
    },
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
    },
};

/// Creates a file in memory whose size never changes.
///
/// # Errors
/// Fails when the system has no descriptor or no such file.
pub(super) fn create(name: &str, capacity: usize) -> io::Result<File> {
    let file = memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    ftruncate(&file, capacity as u64)?;
    // A file that shrinks would end a process that has mapped it.
    fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    Ok(file.into())
}

/// Opens a file in memory again, for reading alone.
///
/// # Errors
/// Fails when the system has no descriptor, or does not show open files.
pub(super) fn read_only(file: &File) -> io::Result<File> {
    let number = file.as_raw_fd();
    File::open(format!("/proc/self/fd/{number}"))
}

/// Returns the bytes of memory that a file takes.
///
/// # Errors
/// Fails when the system does not tell.
pub(super) fn taken(file: &File) -> io::Result<u64> {
    // The unit of the blocks is fixed.
    let blocks = u64::try_from(fstat(file)?.st_blocks).unwrap_or(0);
    Ok(blocks.saturating_mul(512))
}

/// Returns the memory of the first `length` bytes of a file to the system.
///
/// # Errors
/// Fails when the system refuses.
pub(super) fn release(file: &File, length: usize) -> io::Result<()> {
    if length == 0 {
        return Ok(());
    }
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    Ok(fallocate(file, flags, 0, length as u64)?)
}

/// Sends bytes with both files.
///
/// # Errors
/// Fails when the bytes do not fit into an empty socket's buffer, or the socket is closed.
pub(super) fn send_files(socket: impl AsFd, bytes: &[u8], files: [&File; 2]) -> io::Result<()> {
    let files = files.map(AsFd::as_fd);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&files));
    let slices = [IoSlice::new(bytes)];
    let sent = sendmsg(&socket, &slices, &mut ancillary, SendFlags::NOSIGNAL)?;
    match sent == bytes.len() {
        true => Ok(()),
        false => Err(io::ErrorKind::WriteZero.into()),
    }
}

/// Receives bytes that come with two files.
///
/// # Errors
/// Fails when other bytes, or other files, come.
pub(super) fn receive_files(socket: impl AsFd, bytes: &mut [u8]) -> io::Result<[OwnedFd; 2]> {
    let length = bytes.len();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut slices = [IoSliceMut::new(bytes)];
    let flags = RecvFlags::CMSG_CLOEXEC;
    let received = recvmsg(&socket, &mut slices, &mut ancillary, flags)?;
    let mut files = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            files.extend(descriptors);
        }
    }
    let files = <[OwnedFd; 2]>::try_from(files);
    match (received.bytes == length, files) {
        (true, Ok(files)) => Ok(files),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}
