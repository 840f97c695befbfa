// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20, SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ExactTransfer} from "./ExactTransfer.sol";

/// @title Bounties and grants, paid from escrow by milestones
/// @notice A funder puts the whole sum into escrow. A bounty is open to all: everybody may hand in, and the judge or the funder picks one, who becomes the worker of what
/// follows. A grant names its worker: what the worker hands in is paid when judge or funder accept it, or, if nobody objects within the window, when anybody releases
/// it. An objection brings it before the judge; a judge who says nothing for as long again lets it pass. After the deadline, with nothing of the worker's pending,
/// what is left goes back. Everybody takes out their own money.
contract BountyBoard is ReentrancyGuardTransient {
    using ExactTransfer for IERC20;
    using SafeERC20 for IERC20;

    /// @notice What a funder offers: `worker` zero for a bounty open to all; `brief` says where it is described.
    struct Terms {
        IERC20 token;
        uint256[] amounts;
        address worker;
        address judge;
        uint64 deadline;
        uint64 window;
        string brief;
    }

    struct Job {
        address funder;
        uint64 deadline;
        uint32 milestone;
        address worker;
        uint64 window;
        bool closed;
        address judge;
        IERC20 token;
    }

    struct Submission {
        bytes32 work;
        uint64 releaseFrom;
        uint32 milestone;
        bool objected;
    }

    Job[] private _jobs;
    mapping(uint256 job => uint256[]) private _amounts;
    mapping(uint256 job => mapping(address hand => Submission)) private _submissions;
    /// @notice What somebody may take out, by token.
    mapping(IERC20 token => mapping(address => uint256)) public credit;
    /// @notice What a token's open jobs still hold.
    mapping(IERC20 token => uint256) public escrowed;
    /// @notice Credits that nobody took out yet.
    mapping(IERC20 token => uint256) public owed;

    /// @notice A job was opened.
    event Opened(uint256 indexed job, address indexed funder, Terms terms);
    /// @notice Work was handed in for a milestone.
    event HandedIn(uint256 indexed job, uint256 milestone, address indexed worker, bytes32 work, uint64 releaseFrom);
    /// @notice The funder objects; the judge decides.
    event Objected(uint256 indexed job, uint256 milestone, address indexed worker);
    /// @notice A milestone was paid.
    event Released(uint256 indexed job, uint256 milestone, address indexed worker, uint256 amount);
    /// @notice Work was turned down; it may be handed in again.
    event TurnedDown(uint256 indexed job, uint256 milestone, address indexed worker);
    /// @notice A job ended; what was left went back.
    event Closed(uint256 indexed job, uint256 returned);
    /// @notice Somebody took money out.
    event Taken(IERC20 indexed token, address indexed who, uint256 amount);

    error WrongTerms();
    error NoJob(uint256 job);
    error JobClosed(uint256 job);
    error NotForYou(address caller);
    error Pending(uint256 job);
    error NothingPending(uint256 job);
    error TooEarly(uint64 from);
    error TooLate(uint64 deadline);
    error NothingToTake();

    /// @notice Opens a bounty (no worker) or a grant, and moves its whole sum into escrow.
    /// @dev Tokens that take a fee on the way are refused: the milestones have to be covered.
    function open(Terms calldata terms) external nonReentrant returns (uint256 job) {
        uint256 count = terms.amounts.length;
        if (count == 0 || count > 32 || terms.deadline <= block.timestamp || terms.window == 0 || terms.window > 365 days || terms.judge == address(0)) {
            revert WrongTerms();
        }
        uint256 sum = 0;
        for (uint256 i = 0; i < count; ++i) {
            if (terms.amounts[i] == 0) revert WrongTerms();
            sum += terms.amounts[i];
        }
        job = _jobs.length;
        _jobs.push(Job(msg.sender, terms.deadline, 0, terms.worker, terms.window, false, terms.judge, terms.token));
        _amounts[job] = terms.amounts;
        escrowed[terms.token] += sum;
        emit Opened(job, msg.sender, terms);
        terms.token.take(sum);
    }

    /// @notice Hands in work for the milestone that is due.
    function handIn(uint256 job, bytes32 work) external {
        Job storage j = _open(job);
        if ((j.worker != address(0) && j.worker != msg.sender) || msg.sender == j.judge) revert NotForYou(msg.sender);
        if (block.timestamp > j.deadline) revert TooLate(j.deadline);
        if (work == 0) revert WrongTerms();
        Submission storage s = _submissions[job][msg.sender];
        if (s.work != 0 && s.milestone == j.milestone) revert Pending(job);
        uint64 releaseFrom = uint64(block.timestamp) + j.window;
        _submissions[job][msg.sender] = Submission(work, releaseFrom, j.milestone, false);
        emit HandedIn(job, j.milestone, msg.sender, work, releaseFrom);
    }

    /// @notice The funder of a grant objects within the window.
    function object(uint256 job) external {
        (Job storage j, Submission storage s) = _pending(job, _jobOf(job).worker);
        if (msg.sender != j.funder) revert NotForYou(msg.sender);
        if (s.objected) revert Pending(job);
        if (block.timestamp >= s.releaseFrom) revert TooLate(s.releaseFrom);
        (s.objected, s.releaseFrom) = (true, uint64(block.timestamp) + j.window);
        emit Objected(job, j.milestone, j.worker);
    }

    /// @notice The judge accepts what somebody handed in, or turns it down; the funder may only accept.
    function decide(uint256 job, address hand, bool accept) external {
        (Job storage j,) = _pending(job, hand);
        if (msg.sender != j.judge && !(accept && msg.sender == j.funder)) revert NotForYou(msg.sender);
        if (accept) {
            _release(job, j, hand);
        } else {
            delete _submissions[job][hand];
            emit TurnedDown(job, j.milestone, hand);
        }
    }

    /// @notice Pays the worker for what nobody objected to, or what the judge left undecided; anybody may, once it is time.
    function release(uint256 job) external {
        address worker = _jobOf(job).worker;
        (Job storage j, Submission storage s) = _pending(job, worker);
        if (block.timestamp < s.releaseFrom) revert TooEarly(s.releaseFrom);
        _release(job, j, worker);
    }

    /// @notice Ends a job after its deadline; what is left goes back to the funder.
    function close(uint256 job) external {
        Job storage j = _open(job);
        if (_isPending(job, j, j.worker)) revert Pending(job);
        // A bounty leaves its judge one more window for what came in last.
        uint64 from = j.worker == address(0) ? j.deadline + j.window : j.deadline;
        if (block.timestamp <= from) revert TooEarly(from);
        uint256 left = remaining(job);
        j.closed = true;
        escrowed[j.token] -= left;
        _owe(j.token, j.funder, left);
        emit Closed(job, left);
    }

    /// @notice Takes out what one has coming.
    function take(IERC20 token) external nonReentrant {
        uint256 amount = credit[token][msg.sender];
        if (amount == 0) revert NothingToTake();
        credit[token][msg.sender] = 0;
        owed[token] -= amount;
        emit Taken(token, msg.sender, amount);
        token.safeTransfer(msg.sender, amount);
    }

    /// @notice How many jobs there are.
    function jobs() external view returns (uint256) {
        return _jobs.length;
    }

    /// @notice What is known of a job.
    function jobOf(uint256 job) external view returns (Job memory, uint256[] memory amounts) {
        return (_jobOf(job), _amounts[job]);
    }

    /// @notice What somebody handed in last.
    function submissionOf(uint256 job, address hand) external view returns (Submission memory) {
        return _submissions[job][hand];
    }

    /// @notice What a job's escrow still holds.
    function remaining(uint256 job) public view returns (uint256 sum) {
        Job storage j = _jobOf(job);
        if (j.closed) return 0;
        for (uint256 i = j.milestone; i < _amounts[job].length; ++i) sum += _amounts[job][i];
    }

    function _jobOf(uint256 job) private view returns (Job storage) {
        if (job >= _jobs.length) revert NoJob(job);
        return _jobs[job];
    }

    function _open(uint256 job) private view returns (Job storage j) {
        j = _jobOf(job);
        if (j.closed) revert JobClosed(job);
    }

    function _isPending(uint256 job, Job storage j, address hand) private view returns (bool) {
        Submission storage s = _submissions[job][hand];
        return s.work != 0 && s.milestone == j.milestone;
    }

    function _pending(uint256 job, address hand) private view returns (Job storage j, Submission storage s) {
        j = _open(job);
        if (!_isPending(job, j, hand)) revert NothingPending(job);
        s = _submissions[job][hand];
    }

    function _release(uint256 job, Job storage j, address hand) private {
        uint256 amount = _amounts[job][j.milestone];
        emit Released(job, j.milestone, hand, amount);
        delete _submissions[job][hand];
        j.worker = hand;
        ++j.milestone;
        if (j.milestone == _amounts[job].length) {
            j.closed = true;
            emit Closed(job, 0);
        }
        escrowed[j.token] -= amount;
        _owe(j.token, hand, amount);
    }

    function _owe(IERC20 token, address who, uint256 amount) private {
        credit[token][who] += amount;
        owed[token] += amount;
    }
}
