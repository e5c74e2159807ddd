//! The pixel process of this crate's own tests. The program `safelight` has it as well.
//!
//! With the argument `serve`, the program is a pixel process as without one; its next argument is a name for the test. With
//! `stand-in`, it answers the images process in a way that no honest pixel process does. With any other, it confines itself,
//! tries what the argument names, and prints the outcome. A third argument names the folder of an images process, as which
//! it confines itself then.

#![expect(
    clippy::print_stdout,
    reason = "the outcome is for the test that started it"
)]

use std::{
    fs::File,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream, UdpSocket},
    os::{fd::AsFd, unix::net::UnixStream},
    path::Path,
    process::Command,
};

use rustix::{
    mm::{MapFlags, ProtFlags, mmap_anonymous},
    process::{Pid, Resource, Rlimit, Signal, getppid, kill_process, prlimit},
};
use safelight_images::process::{
    ExitWhenOutOfMemory, ImagesFiles, confine, confine_images_process, serve,
};
use safelight_protocol::settings::Sandbox;

#[global_allocator]
static ALLOCATOR: ExitWhenOutOfMemory = ExitWhenOutOfMemory;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(attempt) = arguments.next() else {
        return serve();
    };
    if attempt == "serve" {
        return serve();
    }
    let target = arguments.next().unwrap_or_default();
    if attempt == "stand-in" {
        return stand_in(&target);
    }
    let parent = getppid().unwrap_or(Pid::INIT);
    let environ = format!("/proc/{}/environ", parent.as_raw_nonzero());
    match arguments.next() {
        // As an images process whose socket is in this folder.
        Some(folder) => drop(confine_images_process(
            Sandbox::Require,
            ImagesFiles {
                program: &std::env::current_exe()?,
                folder: Path::new(&folder),
                removes_folder: false,
                crashers: None,
            },
        )?),
        None => drop(confine(Sandbox::Require)?),
    }
    let outcome = match attempt.as_str() {
        "open" => File::open(&target).map(drop),
        "create" => File::create(&target).map(drop),
        "parents-environment" => File::open(environ).map(drop),
        "listen-tcp" => TcpListener::bind("127.0.0.1:0").map(drop),
        "connect-tcp" => TcpStream::connect(&target).map(drop),
        "bind-udp" => UdpSocket::bind("127.0.0.1:0").map(drop),
        "connect-unix" => UnixStream::connect(&target).map(drop),
        "run" => Command::new(&target).status().map(drop),
        "kill-parent" => kill_process(parent, Signal::TERM).map_err(io::Error::from),
        "limit" => {
            let unlimited = Rlimit {
                current: None,
                maximum: None,
            };
            prlimit(None, Resource::Data, unlimited)
                .map(drop)
                .map_err(io::Error::from)
        }
        "map-code" => map_code(),
        "thread" => std::thread::Builder::new()
            .spawn(|| ())
            .map(|thread| assert!(thread.join().is_ok())),
        "allocate" => {
            let bytes = vec![1_u8; 50_000_000];
            assert_eq!(bytes.last(), Some(&1));
            Ok(())
        }
        unknown => Err(io::Error::other(format!("an unknown attempt, {unknown}"))),
    };
    match outcome {
        Ok(()) => println!("done"),
        Err(error) => println!("{error}"),
    }
    Ok(())
}

/// Says that it is ready, and answers each piece of work with `answer`: a message, or the way in which the process ends.
fn stand_in(answer: &str) -> io::Result<()> {
    let mut control = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    receive(&mut control)?;
    send(&mut control, br#"{"Ready":{"missing":[]}}"#)?;
    loop {
        receive(&mut control)?;
        if answer == "unbegun" {
            return Ok(());
        }
        send(&mut control, br#""Begun""#)?;
        match answer {
            "abort" => std::process::abort(),
            "hang" => loop {
                std::thread::park();
            },
            "long" => control.write_all(&u32::MAX.to_le_bytes())?,
            "cut" => {
                control.write_all(&[9, 0, 0, 0, b'{'])?;
                return Ok(());
            }
            "encoding-abort" => {
                send(&mut control, br#"{"Planned":{"needed":1,"held":0}}"#)?;
                receive(&mut control)?;
                send(&mut control, br#""Encoding""#)?;
                std::process::abort()
            }
            message => send(&mut control, message.as_bytes())?,
        }
    }
}

fn receive(control: &mut UnixStream) -> io::Result<()> {
    let mut length = [0; 4];
    control.read_exact(&mut length)?;
    let mut message = vec![0; u32::from_le_bytes(length) as usize];
    control.read_exact(&mut message)
}

fn send(control: &mut UnixStream, message: &[u8]) -> io::Result<()> {
    let length = u32::try_from(message.len()).map_err(io::Error::other)?;
    control.write_all(&[&length.to_le_bytes(), message].concat())
}

#[expect(unsafe_code, reason = "a mapping is what the program tries")]
fn map_code() -> io::Result<()> {
    let access = ProtFlags::READ | ProtFlags::WRITE | ProtFlags::EXEC;
    // SAFETY: the system chooses the address, and nothing uses the memory.
    let mapped = unsafe { mmap_anonymous(std::ptr::null_mut(), 4096, access, MapFlags::PRIVATE) };
    mapped.map(drop).map_err(io::Error::from)
}
